/** For how long a command stays, as it is said. */
import { expect, it } from 'vitest';
import { atMost } from '../../../src/cli/limit-text.js';

it.each([
  [45_000, '45 s'],
  [44_001, '45 s'],
  [119_000, '119 s'],
  [121_000, '3 min'],
  [599_990, '10 min'],
  [3_600_000, '60 min'],
])('%i ms is said as %s', (durationMs, text) => {
  expect(atMost(durationMs)).toBe(text);
});
