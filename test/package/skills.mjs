/**
 * The skills as their usual installer installs them: each one offered, complete, without anything else, and running from
 * where it landed.
 */
import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const PROJECT = resolve(import.meta.dirname, '../..');
const INSTALLER = 'skills@1.5.18';
/** Where Claude Code and Cursor look for the skills of a project. */
const PLACES = ['.claude/skills', '.agents/skills'];

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), 'mcp-oauth-skills-'));
try {
  const project = await install();
  const skills = await entriesOf(join(PROJECT, 'skills'));
  for (const place of PLACES) {
    assert.deepEqual(await entriesOf(join(project, place)), skills, `${place} has every skill and nothing else`);
    assert.deepEqual(await treeOf(join(project, place)), await treeOf(join(PROJECT, 'skills')), `${place} is complete`);
    await assertRuns(join(project, place, 'mcp-server-oauth/scripts/build-auth-url.js'));
  }
  console.log(`skills: ${skills.length} installed, complete, for two hosts`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** @returns the folder of a project into which all skills were installed. */
async function install() {
  const [installer, home, project] = ['installer', 'home', 'project'].map((name) => join(folder, name));
  await Promise.all([home, project].map((path) => mkdir(path)));
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  await run(npm, ['install', '--prefix', installer, '--ignore-scripts', '--no-audit', '--no-fund', INSTALLER]);
  const bin = join(installer, 'node_modules/skills/bin/cli.mjs');
  const hosts = ['-a', 'claude-code', '-a', 'cursor'];
  const env = { PATH: process.env.PATH ?? '', HOME: home, CI: '1', DISABLE_TELEMETRY: '1', DO_NOT_TRACK: '1' };
  await run(process.execPath, [bin, 'add', PROJECT, '-y', ...hosts], { cwd: project, env });
  return project;
}

async function entriesOf(path) {
  return (await readdir(path)).sort();
}

/** Every file below, with its text, by relative path; links are followed. */
async function treeOf(root, path = '.') {
  const entries = await entriesOf(join(root, path));
  const parts = await Promise.all(
    entries.map(async (name) => {
      const relative = join(path, name);
      const isFolder = (await stat(join(root, relative))).isDirectory();
      return isFolder ? treeOf(root, relative) : [[relative, await readFile(join(root, relative), 'utf8')]];
    }),
  );
  return parts.flat();
}

async function assertRuns(script) {
  const words = [
    'https://auth.example.com/authorize',
    '--client-id=a',
    '--redirect-uri=http://127.0.0.1:27183/callback',
  ];
  const { stdout } = await run(process.execPath, [script, ...words], { cwd: folder });
  const printed = JSON.parse(stdout);
  assert.equal(printed.status, 'success');
  assert(printed.authorization_url.startsWith('https://auth.example.com/authorize?'), 'the script runs alone');
}
