/** A store whose process is killed at a write of the test's choice: that write and every later call never happen. */
import type { Store } from '../../src/vault/store.js';

/** @param lives how many writes are carried out before the end. */
export function dyingStore(store: Store, lives: number): Store {
  let left = lives;
  const write = <A extends readonly unknown[], R>(operation: (...values: A) => Promise<R>) => {
    return async (...values: A): Promise<R> => {
      left -= 1;
      if (left < 0) throw new KilledError();
      return operation(...values);
    };
  };
  return {
    read: (key) => store.read(key),
    list: (partition) => store.list(partition),
    page: (after, limit) => store.page(after, limit),
    isEmpty: () => store.isEmpty(),
    hasLiveLease: () => store.hasLiveLease(),
    close: () => store.close(),
    compareAndSwap: write((...values: Parameters<Store['compareAndSwap']>) => store.compareAndSwap(...values)),
    exchange: write((...values: Parameters<Store['exchange']>) => store.exchange(...values)),
    delete: write((...values: Parameters<Store['delete']>) => store.delete(...values)),
    acquireLease: write((...values: Parameters<Store['acquireLease']>) => store.acquireLease(...values)),
    releaseLease: write((...values: Parameters<Store['releaseLease']>) => store.releaseLease(...values)),
  };
}

export class KilledError extends Error {
  override readonly name = 'KilledError';
}
