/**
 * Measures contenders in turns (A B C A B C …), so that whatever else the machine does meets all of them alike.
 */

/** One thing that is measured; each call gives one sample. */
export type Contenders<Name extends string> = Readonly<Partial<Record<Name, () => Promise<number>>>>;

/** Samples of those that could be measured. */
export type Samples<Name extends string> = Readonly<Partial<Record<Name, readonly number[]>>>;

export interface Bounds {
  /** At most so many turns. */
  readonly rounds: number;
  /** No turn begins after this; the first three always do. */
  readonly timeBoxMs: number;
  /** For samples that are slow to take and need none. */
  readonly withoutWarmUp?: boolean;
}

const MIN_ROUNDS = 3;

/** A turn before the first warms caches up and does not count. */
export async function interleave<Name extends string>(
  contenders: Contenders<Name>,
  { rounds, timeBoxMs, withoutWarmUp = false }: Bounds,
): Promise<Samples<Name>> {
  const present = Object.entries(contenders).filter(isPresent);
  const samples: Partial<Record<string, number[]>> = {};
  if (!withoutWarmUp) for (const [, measure] of present) await measure();
  const startedAt = performance.now();
  for (let round = 0; round < rounds; round += 1) {
    if (round >= MIN_ROUNDS && performance.now() - startedAt > timeBoxMs) break;
    for (const [name, measure] of present) {
      samples[name] = [...(samples[name] ?? []), await measure()];
    }
  }
  return samples as Samples<Name>;
}

function isPresent(entry: [string, unknown]): entry is [string, () => Promise<number>] {
  return entry[1] !== undefined;
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
