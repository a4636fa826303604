/**
 * `npm run conformance`: every client scenario of each revision, its extensions included, one process each, judged
 * strictly. A scenario passes when the suite's own exit code is 0 and it made at least one check: suite mode would ignore
 * how the client ended, and tick scenarios that checked nothing.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fetchSuite } from './suite.mjs';

/** How many scenarios there must be: a suite that lists fewer is not a pass. */
const REVISIONS = [
  { revision: '2025-11-25', listBy: '--requirements', count: 25 },
  { revision: '2026-07-28', listBy: '--requirements', count: 39 },
  { revision: '2025-03-26', listBy: '--spec-version', count: 2 },
];
const PROJECT = resolve(import.meta.dirname, '../..');
const SCENARIO_TIMEOUT_MS = 60_000;
const COMMAND = `${JSON.stringify(process.execPath)} test/conformance/driver.mjs`;

const suite = await fetchSuite();
const only = process.argv.slice(2);
const results = await inParallel(await selectScenarios(), availableParallelism(), runScenario);
const failed = results.filter(({ isPassed }) => !isPassed);
for (const { revision, scenario, output } of failed) console.log(`\n--- ${revision} ${scenario}\n${output}`);
console.log(`conformance: ${results.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 && results.length > 0 ? 0 : 1;

/** All scenarios, or those named as arguments. */
async function selectScenarios() {
  const lists = await Promise.all(REVISIONS.map(listScenarios));
  return lists.flat().filter(({ scenario }) => only.length === 0 || only.includes(scenario));
}

async function listScenarios({ revision, listBy, count }) {
  const { stdout } = await runSuite(['list', '--client', listBy, revision]);
  const client = stdout.slice(stdout.indexOf('Client scenarios'));
  // What is required stands alone; what is reported beside it says for whom it is.
  const scenarios = [...client.matchAll(/^ {2}- (\S+)(?: \[[\d,-]+\])?$|^ {4}- (\S+) \[client\]$/gm)].map(
    ([, required, reported]) => ({ revision, scenario: required ?? reported }),
  );
  if (scenarios.length !== count) {
    throw new Error(`${revision}: ${count} scenarios expected, the suite lists ${scenarios.length}`);
  }
  return scenarios;
}

async function runScenario({ revision, scenario }) {
  const results = await mkdtemp(join(tmpdir(), 'mcp-conformance-results-'));
  const { exitCode, stderr } = await runSuite([
    'client',
    '--command',
    COMMAND,
    '--scenario',
    scenario,
    '--spec-version',
    revision,
    // Extensions stand on no revision's list; each is run on the wire of both.
    '--force',
    '--timeout',
    String(SCENARIO_TIMEOUT_MS),
    '--output-dir',
    results,
  ]);
  const checks = await countChecks(results);
  await rm(results, { recursive: true, force: true });
  const isPassed = exitCode === 0 && checks > 0;
  console.log(
    `${isPassed ? 'passed' : 'FAILED'}  ${revision}  ${scenario.padEnd(44)} ${checks} checks, exit code ${exitCode}`,
  );
  return { revision, scenario, isPassed, output: stderr };
}

/** Checks with a verdict; what the suite only notes does not count. */
async function countChecks(results) {
  const files = (await readdir(results, { recursive: true })).filter((file) => file.endsWith('checks.json'));
  const checks = await Promise.all(files.map(async (file) => JSON.parse(await readFile(join(results, file), 'utf8'))));
  return checks.flat().filter(({ status }) => status !== 'INFO' && status !== 'SKIPPED').length;
}

function runSuite(args) {
  return new Promise((resolved) => {
    execFile(
      suite.node,
      [suite.cli, ...args],
      { cwd: PROJECT, maxBuffer: 64 * 1_024 * 1_024 },
      (error, stdout, stderr) => {
        resolved({ exitCode: error ? (error.code ?? 1) : 0, stdout, stderr });
      },
    );
  });
}

/** Results in the order of the items. */
async function inParallel(items, width, work) {
  const results = new Array(items.length);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index]);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
