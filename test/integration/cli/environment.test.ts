/** What commands say of a machine on which something is wrong: the built program, its words and its exit codes. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { builtBroker } from '../../support/built-broker.js';
import { freePort } from '../../support/loopback-port.js';
import { createStage } from '../../support/stage.js';

const stage = createStage();
let program: string;
beforeAll(async () => {
  program = await builtBroker();
});
afterEach(() => stage.close());

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** One command in a home of its own, with nothing on standard input. */
async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Run> {
  const { path } = await stage.home();
  const environment = { PATH: process.env['PATH'], MCP_OAUTH_HOME: path, ...env };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, ...args], { env: environment }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
    child.stdin?.end();
  });
}

interface Finding {
  readonly step: string;
  readonly ok: boolean | null;
  readonly message: string;
  readonly advice?: string;
}

async function findings(env: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, Finding>> {
  const { out, code } = await run(['doctor', '--json'], env);
  expect(code).toBe(1);
  const { findings: found } = JSON.parse(out) as { readonly findings: readonly Finding[] };
  return new Map(found.map((finding) => [finding.step, finding]));
}

const OF_A_TEAM = { MCP_OAUTH_USER: 'ada', MCP_OAUTH_TEAM: 'blue' };

describe('a store at which nobody listens', () => {
  it.each(['redis', 'postgres'])('is named by its address and variable, in every command (%s)', async (scheme) => {
    const env = { ...OF_A_TEAM, MCP_OAUTH_STORE: `${scheme}://me:canary-pw@127.0.0.1:${await freePort()}/0` };

    const listed = await run(['list'], env);
    expect(listed.code).toBe(1);
    expect(listed.err).toMatch(
      /^The store at \w+:\/\/127\.0\.0\.1:\d+\/0 does not answer: the connection is refused\./u,
    );
    expect(listed.err).toContain('MCP_OAUTH_STORE');
    expect(listed.err + listed.out).not.toContain('canary');

    const json = await run(['list', '--json'], env);
    expect(JSON.parse(json.out)).toMatchObject({ status: 'error', code: 'vault_busy', retryable: true });

    const found = await findings(env);
    expect(found.get('store')).toMatchObject({ ok: false, message: expect.stringContaining('does not answer') });
    expect(found.get('node')?.ok).toBe(true);
    expect(found.get('catalog')).toBeDefined();
  });
});

describe('a broken environment', () => {
  it.each([
    ['MCP_OAUTH_KEY', 'key', { MCP_OAUTH_KEY: 'canary' }],
    ['MCP_OAUTH_STORE', 'store', { MCP_OAUTH_STORE: 'mysql://u:canary@host/db' }],
    ['MCP_OAUTH_STORE', 'store', { ...OF_A_TEAM, MCP_OAUTH_STORE: 'redis://u:canary@host?db=1' }],
    ['MCP_OAUTH_USER', 'store', { MCP_OAUTH_STORE: 'redis://host' }],
    ['MCP_OAUTH_CALLBACK_PORT', 'listener', { MCP_OAUTH_CALLBACK_PORT: 'canary' }],
    ['MCP_OAUTH_LOG', 'settings', { MCP_OAUTH_LOG: 'canary' }],
    ['NODE_EXTRA_CA_CERTS', 'network', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
  ])('of %s is a finding of doctor (%s), and wrong usage elsewhere', async (variable, step, env) => {
    const found = await findings(env);
    expect([...found.values()]).toContainEqual(
      expect.objectContaining({ step, ok: false, message: expect.stringContaining(variable) }),
    );
    expect(found.get('catalog')).toBeDefined();

    const { code, out } = await run(['list', '--json'], env);
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      status: 'error',
      code: 'invalid_input',
      error: expect.stringContaining(variable),
    });
    expect(out).not.toContain('canary');
  });

  it('is told to a person in plain words', async () => {
    const told = await run(['list'], { MCP_OAUTH_KEY: 'canary' });
    expect(told).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/^MCP_OAUTH_KEY must be .*\nSee: .* doctor\n$/u),
    });
    expect(told.err).not.toContain('canary');
  });
});

describe('a home that cannot be one', () => {
  it('a file in its place is said at once, and what to do', async () => {
    const { path } = await stage.home();
    const file = join(path, 'file');
    await writeFile(file, '');

    const stored = await run(['add', 'a', 'https://a.example/mcp'], { MCP_OAUTH_HOME: file });
    expect(stored.code).toBe(1);
    expect(stored.err).toMatch(/what should be a folder is a file/u);
    expect(stored.err).toContain('MCP_OAUTH_HOME');
    expect((await findings({ MCP_OAUTH_HOME: file })).get('catalog')).toMatchObject({ ok: false });
  });

  it.skipIf(process.platform !== 'linux')('a folder that no file system makes is not waited for', async () => {
    const { code, err } = await run(['add', 'a', 'https://a.example/mcp'], { MCP_OAUTH_HOME: '/proc/none/home' });
    expect(code).toBe(1);
    expect(err).toContain('none can be made there');
  });

  it('a new one is no finding: there is no server yet, and how one is added', async () => {
    const { code, out } = await run(['doctor']);
    expect(code).toBe(0);
    expect(out).toMatch(/– catalog: There is no .*servers\.json yet.*\n +Add a server: .* add NAME URL/u);
  });
});

describe('add', () => {
  it.each([
    ['http to another machine', 'http://example.com/mcp', 'insecure_url', /https/u],
    ['a private address', 'https://10.1.2.3/mcp', 'url_not_allowed', /"allowedPrivateHosts": \["HOST"\]/u],
  ])('refuses %s, and says what works', async (_what, url, code, step) => {
    const { code: exitCode, out } = await run(['add', 'a', url, '--json']);
    expect(exitCode).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ code, nextStep: expect.stringMatching(step) });
  });

  it('takes a private host that the file names', async () => {
    const { path } = await stage.home();
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'servers.json'), '{ "allowedPrivateHosts": ["10.1.2.3"] }');
    expect((await run(['add', 'a', 'https://10.1.2.3/mcp'], { MCP_OAUTH_HOME: path })).code).toBe(0);
  });

  it('adds a program that is not there, and a name that stands for a built-in server, and says so', async () => {
    expect(await run(['add', 'a', '--', 'no-such-program-here'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('There is no program no-such-program-here on the PATH'),
    });
    expect((await run(['add', 'b', '--', 'node', 'x.js'])).out).not.toContain('no program');
    expect(await run(['add', 'linear', 'https://mcp.linear.app/mcp'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('"linear" is also a built-in server'),
    });
  });
});

describe('migrate', () => {
  it('knows wrong usage by itself: its own store, and what is no store', async () => {
    const { path } = await stage.home();
    const env = { MCP_OAUTH_HOME: path };
    expect((await run(['add', 'a', 'https://a.example/mcp'], env)).code).toBe(0);

    for (const to of ['mysql://u@host', `sqlite:${join(path, 'vault.sqlite')}`])
      expect(await run(['migrate', '--to', to], env)).toMatchObject({ code: 2, err: expect.stringContaining('--to') });
    const copied = await run(['migrate', '--to', `sqlite:${join(path, 'other.sqlite')}`], env);
    expect(copied.code).toBe(0);
    expect(copied.err).toContain(`MCP_OAUTH_STORE      sqlite:${join(path, 'other.sqlite')}`);
    expect(copied.err).toContain(`The old vault was left as it is: ${join(path, 'vault.sqlite')}`);
  });
});
