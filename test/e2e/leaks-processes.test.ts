/**
 * What those who may look at this machine's processes can learn: arguments and environment of every child, the log at
 * `debug`, and the reports that Node writes of a process. Each program has its own credential there and nothing else.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { brokerEnvironment } from '../support/broker-process.js';
import { visit } from '../support/browser.js';
import { builtBroker } from '../support/built-broker.js';
import { childServer } from '../support/child-servers.js';
import { runCommand } from '../support/command-line.js';
import { descendantsOf, type RunningProcess, showsProcesses } from '../support/process-tree.js';
import { findSecrets, processesOf, type Secrets } from '../support/secret-scan.js';
import { createStage } from '../support/stage.js';
import { openStoredGrants } from '../support/stored-grants.js';

const CLIENT = { clientId: 'by-hand', clientSecret: 'canary-client-secret+/=%"0123456789' };
const OF_USER = 'canary-of-the-user+/=&"0123456789';
const OF_TEAM = 'canary-of-the-team+/=&"0123456789';
const OF_HOST = 'canary-of-the-host-0123456789';
const RECORD = 'provider:acme';
const TIMEOUT_MS = 180_000;

const stage = createStage();
afterEach(() => stage.close());

/** Two programs: one takes a token and a secret of the user, the other a secret of the team. */
async function twoPrograms() {
  const acme = await stage.authorizationServer({ clients: [CLIENT], registration: 'none', resourceIndicators: false });
  const home = await stage.home({
    mcpServers: {
      first: {
        ...childServer(),
        env: {
          NAME_OF_IT: 'first',
          TOKEN: { source: 'oauth', provider: 'acme' },
          KEY: { source: 'user_secret', name: 'mine' },
        },
      },
      second: { ...childServer(), env: { NAME_OF_IT: 'second', KEY: { source: 'team_secret', name: 'ours' } } },
    },
    oauthProviders: { acme: { issuer: acme.issuer, ...CLIENT, scope: 'mcp:tools' } },
  });
  await runCommand(home, ['secret', 'set', 'mine'], { stdin: OF_USER });
  await runCommand(home, ['secret', 'set', 'ours', '--team'], { stdin: OF_TEAM });
  return { acme, home };
}

it.skipIf(!showsProcesses)(
  'T68 T71 a program has its own credentials and nobody else’s, in its environment alone; the log at debug has none',
  { timeout: TIMEOUT_MS },
  async () => {
    const { acme, home } = await twoPrograms();
    const agent = await stage.agent({ home, env: { MCP_OAUTH_LOG: 'debug', SECRET_OF_THE_HOST: OF_HOST } });
    await visit(String((await agent.connect('first')).authUrl));
    expect(await agent.connect('first')).toMatchObject({ status: 'success' });
    expect(await agent.connect('second')).toMatchObject({ status: 'success' });
    const grants = stage.keep(await openStoredGrants(home));
    const tokensNow = async () => {
      const { accessToken = '', refreshToken = '' } = (await grants.find(RECORD))?.value ?? {};
      return { accessToken, refreshToken };
    };
    const [vaultKey = ''] = [brokerEnvironment(home).MCP_OAUTH_KEY];
    const ofNobody = { 'vault key': [vaultKey], 'client secret': [CLIENT.clientSecret], 'of the host': [OF_HOST] };

    const before = await tokensNow();
    await look(before);
    await grants.expire(RECORD);
    await agent.callTool('first', 'echo');
    const after = await tokensNow();
    expect(after.accessToken).not.toBe(before.accessToken);
    await look(after);
    for (const serverName of ['first', 'second'])
      expect(await agent.clear(serverName)).toMatchObject({ status: 'success' });

    const secrets: Secrets = {
      ...ofNobody,
      tokens: [before, after].flatMap((tokens) => Object.values(tokens)),
      'of the user': [OF_USER],
      'of the team': [OF_TEAM],
      'code or verifier': acme
        .requests('token')
        .flatMap(({ parameters }) => [
          ...(parameters['code'] === undefined ? [] : [parameters['code']]),
          ...(parameters['code_verifier'] === undefined ? [] : [parameters['code_verifier']]),
        ]),
    };
    expect(agent.broker.stderr()).toContain('"level":20');
    expect(findSecrets(secrets, { stdout: agent.broker.stdout(), stderr: agent.broker.stderr() })).toEqual([]);

    async function look({ accessToken, refreshToken }: { accessToken: string; refreshToken: string }) {
      const running = await descendantsOf(agent.broker.pid);
      const [first, second] = ['first', 'second'].map((name) => theOneCalled(running, name));
      const refresh = { 'refresh token': [refreshToken] };
      expect(first).toContain(`TOKEN=${accessToken}`);
      expect(first).toContain(`KEY=${OF_USER}`);
      expect(second).toContain(`KEY=${OF_TEAM}`);
      const ofOthers = { 'of the team': [OF_TEAM] };
      expect(findSecrets({ ...ofNobody, ...refresh, ...ofOthers }, { first: first ?? '' })).toEqual([]);
      const ofFirst = { token: [accessToken], 'of the user': [OF_USER] };
      expect(findSecrets({ ...ofNobody, ...refresh, ...ofFirst }, { second: second ?? '' })).toEqual([]);

      const commandLines = Object.entries(await processesOf()).filter(([place]) => place.endsWith('/cmdline'));
      const everything = { ...ofNobody, ...refresh, ...ofFirst, ...ofOthers };
      expect(findSecrets(everything, Object.fromEntries(commandLines))).toEqual([]);
    }
  },
);

/** The environment of the one program of that name: a refresh may leave the old one for a moment. */
function theOneCalled(running: readonly RunningProcess[], name: string): string | undefined {
  return running
    .map(({ environment }) => environment)
    .filter((environment) => environment.includes(`NAME_OF_IT=${name}\0`))
    .at(-1);
}

it('T81 a diagnostic report that Node writes of the broker has neither the vault’s key nor a token in it', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { home } = await twoPrograms();
  const reports = (await stage.home()).path;
  const NODE_OPTIONS = `--report-on-signal --report-signal=SIGUSR2 --report-directory=${reports}`;
  const agent = await stage.agent({ home, env: { NODE_OPTIONS } });
  await visit(String((await agent.connect('first')).authUrl));
  expect(await agent.connect('first')).toMatchObject({ status: 'success' });
  const grant = await stage.keep(await openStoredGrants(home)).find(RECORD);

  process.kill(agent.broker.pid, 'SIGUSR2');
  await expect.poll(() => wholeReport(reports), { timeout: 60_000 }).toContain('"environmentVariables"');

  const report = await wholeReport(reports);
  expect(report).toContain('MCP_OAUTH_HOME');
  const secrets = {
    'vault key': [brokerEnvironment(home).MCP_OAUTH_KEY ?? ''],
    token: [grant?.value.accessToken ?? '', grant?.value.refreshToken ?? ''],
    'client secret': [CLIENT.clientSecret],
    'of the user': [OF_USER],
  };
  expect(findSecrets(secrets, { report })).toEqual([]);
});

/** The report of a folder once it is wholly written, else an empty text. */
async function wholeReport(folder: string): Promise<string> {
  const [name] = await readdir(folder);
  if (name === undefined) return '';
  const text = await readFile(join(folder, name), 'utf8');
  return text.trimEnd().endsWith('}') ? text : '';
}

it.runIf(process.platform === 'linux')(
  'the browser that a command opens is told neither the vault’s key nor where its store is',
  { timeout: TIMEOUT_MS },
  async () => {
    const home = await stage.home();
    const folder = (await stage.home()).path;
    const opener = join(folder, 'xdg-open');
    await writeFile(opener, `#!/bin/sh\nenv > "${folder}/new" && mv "${folder}/new" "${folder}/environment"\n`);
    await chmod(opener, 0o700);
    const store = `sqlite:${home.path}/elsewhere.sqlite`;
    const env = { PATH: `${folder}:${process.env['PATH']}`, DISPLAY: ':0', MCP_OAUTH_STORE: store };
    const command = spawn(process.execPath, [await builtBroker(), 'accounts'], {
      cwd: home.path,
      env: brokerEnvironment(home, env),
      stdio: 'ignore',
    });
    const ended = once(command, 'exit');
    await expect.poll(() => readdir(folder), { timeout: 60_000 }).toContain('environment');
    command.kill();
    await ended;

    const environment = await readFile(join(folder, 'environment'), 'utf8');
    expect(environment).toContain('DISPLAY=:0');
    const secrets = { 'vault key': [brokerEnvironment(home).MCP_OAUTH_KEY ?? ''], store: [store] };
    expect(findSecrets(secrets, { environment })).toEqual([]);
  },
);
