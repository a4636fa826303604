/**
 * When servers last answered well, as this process saw it. A repeated success is written at most once a minute; what
 * is listed in between is told from here.
 */
import { ownerTuple } from '../core/principal.js';
import type { ServerObservation } from '../vault/index.js';

type Observed = Pick<ServerObservation, 'owner' | 'serverName' | 'account' | 'serverUrl'>;

/** Instants in milliseconds since the epoch. */
export interface LatestSuccesses {
  note(observed: Observed, at: number): void;
  /** The observation with the latest instant that is known. */
  latest(seen: ServerObservation): ServerObservation;
}

export function createLatestSuccesses(): LatestSuccesses {
  const instants = new Map<string, number>();
  return {
    note: (observed, at) => instants.set(keyOf(observed), at),
    latest(seen) {
      const at = instants.get(keyOf(seen));
      return at === undefined || at <= (seen.lastVerifiedAt ?? 0) ? seen : { ...seen, lastVerifiedAt: at };
    },
  };
}

function keyOf({ owner, serverName, account, serverUrl }: Observed): string {
  return JSON.stringify([ownerTuple(owner), serverName, account, serverUrl]);
}
