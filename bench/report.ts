/**
 * Prints verdicts as they come: the figures beside the budget, ✓ or ✗.
 */
import { cpus, loadavg } from 'node:os';
import type { Figure, Verdict } from './verdict.js';

export function printHeading(): void {
  const load = loadavg()[0]?.toFixed(1);
  console.log(`node ${process.versions.node}, ${cpus().length} cores, load ${load}; everything on loopback\n`);
}

export function printVerdict({ what, unit, figures, budget, found, isMet }: Verdict): void {
  const mark = isMet === undefined ? '–' : isMet ? '✓' : '✗';
  const measured = figures.map((figure) => `${figure.of} ${shownValue(figure, unit)}`).join(', ');
  const lines = [`${mark} ${what}`, measured, `budget: ${budget}`, found === undefined ? '' : `found: ${found}`];
  console.log(lines.filter((line) => line !== '').join('\n    '));
}

export function printSummary(verdicts: readonly Verdict[], seconds: number): void {
  const missed = verdicts.filter(({ isMet }) => isMet === false).length;
  const unknown = verdicts.filter(({ isMet }) => isMet === undefined).length;
  console.log(
    `\n${verdicts.length - missed - unknown} kept, ${missed} missed, ${unknown} not measured; ${seconds.toFixed(0)} s`,
  );
}

function shownValue({ value }: Figure, unit: Verdict['unit']): string {
  if (value === undefined) return 'not measured';
  const isCount = unit === 'bytes' || unit === 'refreshes' || unit === 'calls/s';
  return `${value.toFixed(isCount ? 0 : value < 10 ? 2 : 1)} ${unit}`;
}
