/**
 * What is said of a row of samples. Medians and quantiles, no means: one busy moment of the machine must not decide.
 */

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** @param fraction 0 to 1; the value that this share of the samples does not exceed. */
export function quantile(samples: readonly number[], fraction: number): number {
  if (samples.length === 0) throw new RangeError('There are no samples.');
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * fraction) - 1)] ?? Number.NaN;
}
