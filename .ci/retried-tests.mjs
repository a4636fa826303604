/**
 * A vitest reporter: writes down the tests that passed only when they were tried again, so that a run on a busy
 * machine is not lost to them and they are still seen.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const LIST = '.cache/retried-tests.txt';

export default class RetriedTests {
  #retried = [];

  onTestCaseResult(testCase) {
    const retries = testCase.diagnostic()?.retryCount ?? 0;
    if (retries === 0 || testCase.result().state !== 'passed') return;
    const [failure] = testCase.result().errors ?? [];
    this.#retried.push(`PASSED AT TRY ${retries + 1}: ${testCase.module.moduleId}: ${testCase.fullName}`);
    if (failure !== undefined) this.#retried.push(`    ${String(failure.message).split('\n')[0]}`);
  }

  onTestRunEnd() {
    mkdirSync(dirname(LIST), { recursive: true });
    writeFileSync(LIST, this.#retried.map((line) => `${line}\n`).join(''));
  }
}
