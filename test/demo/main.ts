/**
 * `npm run demo`: the main job on this machine alone. A real authorization server and a protected MCP server on loopback,
 * the broker as a child over stdio, and every payload as an agent would see it.
 */
import { parseArgs } from 'node:util';
import { silenceRuntimeWarning } from './runtime-warning.js';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

silenceRuntimeWarning();
const options = readOptions();
// Loaded only now: the authorization server says on import what it thinks of this Node.
const { DemonstrationFailure, runDemonstration } = await import('./demonstration.js');

const isAlone = !process.stdin.isTTY || !process.stdout.isTTY;
if (isAlone && !options.auto)
  console.log('No terminal, so the browser part is automatic; on a terminal it waits for you.');
const startedAt = Date.now();
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
try {
  await runDemonstration({ isAutomatic: options.auto || isAlone, signal: stop.signal });
  console.log(`\nDone in ${((Date.now() - startedAt) / 1_000).toFixed(1)} s.`);
} catch (error) {
  if (!(error instanceof DemonstrationFailure)) throw error;
  console.error(`\n${error.message}`);
  process.exitCode = EXIT_FAILED;
}

function readOptions(): { readonly auto: boolean } {
  try {
    return parseArgs({ options: { auto: { type: 'boolean', default: false } } }).values;
  } catch {
    console.error('The demonstration takes one option: --auto, to sign in without a browser.');
    process.exit(EXIT_USAGE);
  }
}
