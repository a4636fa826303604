import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createListChanges } from '../../../src/server/list-changes.js';

const SECOND_MS = 1_000;

/** A list that changes, with who was told of it and when. */
function changingList() {
  let list: readonly unknown[] = [];
  const notices: number[] = [];
  const errors: unknown[] = [];
  const reading = { failure: undefined as Error | undefined, takesMs: 0 };
  const changes = createListChanges({
    read: async () => {
      if (reading.takesMs > 0) await new Promise((resolve) => setTimeout(resolve, reading.takesMs));
      if (reading.failure !== undefined) throw reading.failure;
      return list;
    },
    notify: async () => void notices.push(Date.now()),
    onError: (error) => errors.push(error),
  });
  return {
    changes,
    notices,
    errors,
    reading,
    set: (...names: readonly string[]) => {
      list = names.map((name) => ({ name }));
    },
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const gaps = (instants: readonly number[]): readonly number[] =>
  instants.slice(1).map((instant, index) => instant - (instants[index] ?? 0));

describe('a host that was given a list', () => {
  it('is told when it became another, and not when it only stirred', async () => {
    const { changes, notices, set } = changingList();
    set('a');
    changes.given([{ name: 'a' }]);
    changes.stir();
    await vi.advanceTimersByTimeAsync(5 * SECOND_MS);
    expect(notices).toHaveLength(0);
    set('a', 'b');
    changes.stir();
    await vi.advanceTimersByTimeAsync(5 * SECOND_MS);
    expect(notices).toHaveLength(1);
  });

  it('is not told of what it was given meanwhile', async () => {
    const { changes, notices, set } = changingList();
    set('a');
    changes.stir();
    changes.given([{ name: 'a' }]);
    await vi.advanceTimersByTimeAsync(5 * SECOND_MS);
    expect(notices).toHaveLength(0);
  });

  it.each([0, 700, 3_000])(
    'R29 is told at most once a second of 100 changes a second (reading takes %i ms)',
    async (takesMs) => {
      const { changes, notices, reading, set } = changingList();
      reading.takesMs = takesMs;
      for (let count = 0; count < 1_000; count += 1) {
        set(String(count));
        changes.stir();
        await vi.advanceTimersByTimeAsync(10);
      }
      await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
      expect(notices.length).toBeGreaterThan(1);
      expect(Math.min(...gaps(notices))).toBeGreaterThanOrEqual(SECOND_MS);
      const told = notices.length;
      changes.stir();
      await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
      expect(notices).toHaveLength(told);
    },
  );

  it('is told later of a change that could not be read at first', async () => {
    const { changes, notices, errors, reading, set } = changingList();
    set('a');
    reading.failure = new Error('not now');
    changes.stir();
    await vi.advanceTimersByTimeAsync(5 * SECOND_MS);
    expect(errors).toEqual([reading.failure]);
    expect(notices).toHaveLength(0);
    reading.failure = undefined;
    changes.stir();
    await vi.advanceTimersByTimeAsync(5 * SECOND_MS);
    expect(notices).toHaveLength(1);
  });
});
