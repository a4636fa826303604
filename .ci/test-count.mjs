/**
 * Reads vitest's JSON report and prints what a reader of the run's last lines needs: each failed test with the first
 * lines of its message, then one plain line, `N passed, N failed`.
 * A test file that failed without a failed test (it could not be loaded or set up) counts as one.
 */
import { readFileSync } from 'node:fs';

const MESSAGE_LINES = 6;

process.stdout.write(`${summary(process.argv[2]).join('\n')}\n`);

function summary(path) {
  try {
    const { numPassedTests, testResults } = JSON.parse(readFileSync(path, 'utf8'));
    const failures = testResults.flatMap(failuresOf);
    return [...failures, `${numPassedTests} passed, ${failures.length} failed`];
  } catch {
    return ['no report of the tests', '0 passed, 1 failed'];
  }
}

function failuresOf({ name, status, message, assertionResults }) {
  const failed = assertionResults.filter((test) => test.status === 'failed');
  if (status === 'failed' && failed.length === 0) return [described(name, [message])];
  return failed.map((test) => described(`${name}: ${test.fullName}`, test.failureMessages));
}

function described(title, messages) {
  const lines = messages.join('\n').split('\n').slice(0, MESSAGE_LINES);
  return [`FAILED: ${title}`, ...lines.map((line) => `    ${line}`)].join('\n');
}
