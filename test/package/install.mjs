/**
 * The packed tarball, installed into an empty folder and used from there as a host would.
 * What works in the repository may still be missing from the package.
 */
import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const PROJECT = resolve(import.meta.dirname, '../..');
const MAX_PACKAGES = 8;
const TOOLS = [
  'call_mcp_tool',
  'clear_mcp_auth',
  'connect_to_mcp_server',
  'get_skill',
  'list_mcp_servers',
  'read_mcp_resource',
  'search_mcp_tools',
];

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), 'mcp-oauth-package-'));
try {
  await install();
  await assertSmallTree();
  await assertServes();
  console.log('package: the installed tarball serves its tools');
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function install() {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: PROJECT });
  const tarball = /"filename": "([^"]+\.tgz)"/.exec(stdout)?.[1];
  assert(tarball, `npm pack named no file: ${stdout}`);
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  await run('npm', ['install', '--omit=dev', '--no-audit', '--no-fund', join(folder, tarball)], { cwd: folder });
}

async function assertSmallTree() {
  const lock = JSON.parse(await readFile(join(folder, 'node_modules/.package-lock.json'), 'utf8'));
  const packages = Object.entries(lock.packages);
  const scripted = packages.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path);
  assert.deepEqual(scripted, [], 'no package of the production tree may have an install script');
  assert(
    packages.length <= MAX_PACKAGES,
    `at most ${MAX_PACKAGES} packages, not ${packages.map(([path]) => path).join(', ')}`,
  );
  console.log(`package: ${packages.length} packages in the production tree, none with an install script`);
}

async function assertServes() {
  const client = new Client({ name: 'package-test', version: '1.0.0' });
  await client.connect(
    new StdioClientTransport({
      command: join(folder, 'node_modules/.bin/mcp-oauth-broker'),
      args: ['serve'],
      cwd: folder,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: folder,
        MCP_OAUTH_HOME: join(folder, 'home'),
        MCP_OAUTH_KEY: randomBytes(32).toString('base64'),
      },
      stderr: 'inherit',
    }),
  );
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map(({ name }) => name).sort(), TOOLS);
  const { structuredContent } = await client.callTool({ name: 'list_mcp_servers', arguments: {} });
  assert(Array.isArray(structuredContent?.servers), 'list_mcp_servers lists servers');
  const skills = await client.callTool({ name: 'get_skill', arguments: {} });
  assert(!skills.isError, 'the skills are in the package');
  await client.close();
}
