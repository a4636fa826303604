/**
 * How much is measured: enough for a steady median, and never longer than the run may take (whole 5 minutes, quick one).
 */
import type { Bounds } from './interleave.js';

export interface Plan {
  readonly start: Bounds;
  readonly firstResult: Bounds;
  readonly sequentialCalls: Bounds;
  readonly callsAtOnce: Bounds;
  /** Calls of one turn of `callsAtOnce`. */
  readonly callsPerBatch: number;
  readonly search: Bounds;
  readonly vault: Bounds;
  readonly vaultRows: number;
  readonly memory: Bounds;
  readonly refreshingProcesses: number;
}

const WHOLE: Plan = {
  start: { rounds: 25, timeBoxMs: 30_000 },
  firstResult: { rounds: 15, timeBoxMs: 40_000 },
  sequentialCalls: { rounds: 500, timeBoxMs: 30_000 },
  callsAtOnce: { rounds: 12, timeBoxMs: 40_000 },
  callsPerBatch: 160,
  search: { rounds: 300, timeBoxMs: 15_000 },
  vault: { rounds: 60, timeBoxMs: 20_000 },
  vaultRows: 100_000,
  memory: { rounds: 5, timeBoxMs: 30_000, withoutWarmUp: true },
  refreshingProcesses: 8,
};

const QUICK: Plan = {
  start: { rounds: 5, timeBoxMs: 5_000 },
  firstResult: { rounds: 3, timeBoxMs: 6_000 },
  sequentialCalls: { rounds: 80, timeBoxMs: 4_000 },
  callsAtOnce: { rounds: 3, timeBoxMs: 6_000 },
  callsPerBatch: 64,
  search: { rounds: 60, timeBoxMs: 3_000 },
  vault: { rounds: 15, timeBoxMs: 4_000 },
  vaultRows: 10_000,
  memory: { rounds: 1, timeBoxMs: 1_000, withoutWarmUp: true },
  refreshingProcesses: 4,
};

export function planFor({ isQuick }: { readonly isQuick: boolean }): Plan {
  return isQuick ? QUICK : WHOLE;
}
