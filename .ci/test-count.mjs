/**
 * Prints vitest's JSON report as one plain line, `N passed, N failed`.
 * A test file that could not even be loaded has no tests, and counts as one that failed.
 */
import { readFileSync } from 'node:fs';

process.stdout.write(`${summary(process.argv[2])}\n`);

function summary(path) {
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(path, 'utf8'));
    const unloaded = testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
    ).length;
    return `${numPassedTests} passed, ${numFailedTests + unloaded} failed`;
  } catch {
    return '0 passed, 1 failed';
  }
}
