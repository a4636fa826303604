/**
 * The official conformance suite, fetched from npm into `.cache/` at the pinned version, and a Node that can run it.
 * Neither is a dependency: the suite is a pre-release, and its Node is bound to a platform.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const SUITE = '@modelcontextprotocol/conformance';
const SUITE_VERSION = '0.2.0-alpha.12';
const SUITE_MIN_NODE_MAJOR = 22;
const NODE_VERSION = '22.23.3';
const CACHE = resolve(import.meta.dirname, '../../.cache/conformance');

const run = promisify(execFile);

/** @returns {Promise<{ node: string, cli: string }>} the interpreter and the suite's script */
export async function fetchSuite() {
  const node = nodePackage();
  const wanted = { [SUITE]: SUITE_VERSION, ...(node && { [node]: NODE_VERSION }) };
  if (!(await areInstalled(wanted))) {
    await mkdir(CACHE, { recursive: true });
    const specifiers = Object.entries(wanted).map(([name, version]) => `${name}@${version}`);
    await run('npm', [
      'install',
      '--prefix',
      CACHE,
      '--no-save',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      ...specifiers,
    ]);
  }
  return {
    node: node ? join(CACHE, 'node_modules', node, 'bin/node') : process.execPath,
    cli: join(CACHE, 'node_modules', SUITE, 'dist/index.js'),
  };
}

/** The npm package with a newer Node for this platform; nothing where the running one will do. */
function nodePackage() {
  const major = Number(process.versions.node.split('.')[0]);
  return major >= SUITE_MIN_NODE_MAJOR ? undefined : `node-${process.platform}-${process.arch}`;
}

async function areInstalled(wanted) {
  const found = await Promise.all(
    Object.entries(wanted).map(async ([name, version]) => {
      const manifest = await readFile(join(CACHE, 'node_modules', name, 'package.json'), 'utf8').catch(() => '{}');
      return JSON.parse(manifest).version === version;
    }),
  );
  return found.every(Boolean);
}
