/**
 * One line of the report: what was measured of whom, and whether the budget is kept.
 */
export interface Figure {
  readonly of: string;
  /** Absent: not measured. */
  readonly value?: number | undefined;
}

export interface Verdict {
  readonly what: string;
  readonly unit: 'ms' | 'calls/s' | 'bytes' | 'MiB' | 'refreshes';
  readonly figures: readonly Figure[];
  readonly budget: string;
  /** In the words of the budget: `1.12 ×`. */
  readonly found?: string;
  /** Absent: what it is compared with was not measured. */
  readonly isMet?: boolean | undefined;
}

/** How many times `base` `value` is; undefined where one of them is missing. */
export function ratioOf(value: number | undefined, base: number | undefined): number | undefined {
  return value === undefined || base === undefined ? undefined : value / base;
}

export function shownRatio(ratio: number | undefined): string {
  return ratio === undefined ? 'not measured' : `${ratio.toFixed(2)} ×`;
}

export function failedVerdict(what: string, error: unknown): Verdict {
  const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { what, unit: 'ms', figures: [], budget: 'not measured', found: why };
}
