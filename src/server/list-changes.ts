/**
 * Tells the host that a list changed: when it is really another, and however often something stirs, at most once
 * in LIST_CHANGE_INTERVAL_MS.
 */
import { createHash } from 'node:crypto';
import { LIST_CHANGE_INTERVAL_MS } from '../core/limits.js';

export interface ListChangesOptions {
  /** Reads the list as the host would be given it. */
  readonly read: () => Promise<readonly unknown[]>;
  readonly notify: () => Promise<void>;
  /** A reading or a notice that failed; the next stir begins anew. */
  readonly onError: (error: unknown) => void;
}

export interface ListChanges {
  /** The list may be another than before. */
  stir(): void;
  /** The host was given this list. */
  given(list: readonly unknown[]): void;
}

/** A host that was given no list is one that was given an empty one. */
export function createListChanges({ read, notify, onError }: ListChangesOptions): ListChanges {
  let told = fingerprint([]);
  let isDue = false;
  let isChecking = false;

  const check = async (): Promise<void> => {
    isDue = false;
    const present = fingerprint(await read());
    if (present === told) return;
    told = present;
    await notify();
  };

  const schedule = (): void => {
    isChecking = true;
    setTimeout(() => {
      check()
        .catch(onError)
        .finally(() => {
          isChecking = false;
          if (isDue) schedule();
        });
    }, LIST_CHANGE_INTERVAL_MS).unref();
  };

  return {
    stir() {
      isDue = true;
      if (!isChecking) schedule();
    },
    given(list) {
      told = fingerprint(list);
    },
  };
}

function fingerprint(list: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(list)).digest('base64');
}
