import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Broker, ConnectArguments } from '../../../src/broker/broker.js';
import { createBrowserOpener } from '../../../src/cli/index.js';
import {
  AUTH_URL,
  CALLBACK_URL,
  connected,
  createWorld,
  failed,
  jsonLines,
  LAUNCH_URL,
  requiresAuth,
  run,
  until,
} from './fake-surroundings.js';

describe('connect', () => {
  it('shows the whole URL on one line and the short one, opens the browser, waits, and ends with the sign-in', async () => {
    const world = createWorld();
    const running = run(
      [
        'connect',
        'linear',
        '--account',
        'work',
        '--client-id',
        'c',
        '--redirect-uri',
        'http://127.0.0.1:1/cb',
        '--scope',
        '',
      ],
      { world, openStdin: new PassThrough() },
    );
    await until(() => world.connects.some((call) => call.waitSeconds !== undefined));
    expect(world.opened).toEqual([AUTH_URL]);
    world.finish(connected({ account: 'work' }));
    const { code, out } = await running;
    expect(code).toBe(0);
    expect(out.split('\n')).toContain(`  ${AUTH_URL}`);
    expect(out).toContain(LAUNCH_URL);
    expect(out).toContain('linear is connected as work: 45 tools');
    expect(world.connects[0]).toMatchObject({
      serverName: 'linear',
      account: 'work',
      clientId: 'c',
      redirectUri: 'http://127.0.0.1:1/cb',
      scope: '',
    });
    const { waitSeconds, ...again } = world.connects[1] ?? { serverName: '' };
    expect(again).toEqual({ serverName: 'linear', account: 'work' });
    expect(waitSeconds).toBe(300);
  });

  it('links the URL (OSC 8) on a terminal', async () => {
    const { out } = await run(['connect', 'linear', '--wait', '0'], { isTerminal: true });
    expect(out).toContain(`\x1b]8;;${AUTH_URL}\x1b\\${AUTH_URL}\x1b]8;;\x1b\\`);
  });

  it('prints each payload once as a JSON line, and exits with 3 when the time is over', async () => {
    const { code, out, err } = await run(['connect', 'linear', '--json', '--wait', '1']);
    expect({ code, err }).toEqual({ code: 3, err: '' });
    const nextStep = expect.stringMatching(/^Open authUrl .* mcp-oauth-broker connect linear$/u);
    expect(jsonLines(out)).toEqual([{ ...requiresAuth(), nextStep }]);
    const world = createWorld();
    const running = run(['connect', 'linear', '--json'], { world });
    await until(() => world.connects.length > 1);
    world.finish(connected());
    expect(jsonLines((await running).out)).toEqual([{ ...requiresAuth(), nextStep }, connected()]);
  });

  it('takes the pasted address while it waits, and goes on after a wrong one', async () => {
    const world = createWorld();
    const openStdin = new PassThrough();
    const running = run(['connect', 'linear'], { world, openStdin, isTerminal: true });
    await until(() => world.connects.length > 1);
    openStdin.write('http://127.0.0.1:27182/oauth/callback?code=evil&state=forged\r');
    await until(() => world.connects.some((call) => call.callbackUrl !== undefined));
    openStdin.write(`  ${CALLBACK_URL}\r`);
    const { code, out, err } = await running;
    expect(code).toBe(0);
    expect(err).toContain('state_invalid');
    expect(err.split('Or paste here')).toHaveLength(3);
    expect(err).not.toContain('connect linear');
    expect(out).toContain('is connected');
    expect(world.connects.flatMap((call) => call.callbackUrl ?? [])).toHaveLength(2);
  });

  it('pastes back from a pipe, and ends with 3 when nothing comes', async () => {
    const world = createWorld();
    world.answer = requiresAuth({ completion: 'paste_back' });
    expect(await run(['connect', 'linear', '--paste-back'], { world, stdin: `${CALLBACK_URL}\n` })).toMatchObject({
      code: 0,
    });
    expect(world.connects[0]).toMatchObject({ flow: 'paste_back' });
    expect(world.connects.some((call) => call.waitSeconds !== undefined)).toBe(false);
    const other = createWorld();
    other.answer = requiresAuth({ completion: 'paste_back' });
    expect(await run(['connect', 'linear', '--paste-back'], { world: other })).toMatchObject({ code: 3 });
  });

  it('ends at once where the secret used up the input that an answer would be pasted to', async () => {
    const world = createWorld();
    world.answer = requiresAuth({ completion: 'paste_back' });
    const args = ['connect', 'linear', '--client-id', 'c', '--client-secret-stdin', '--paste-back'];
    expect(await run(args, { world, stdin: 'a-client-secret\n' })).toMatchObject({ code: 3 });
    expect(world.opened).toEqual([]);
  });

  it('shows page and code with --device, opens nothing here, and waits; a new code is shown too', async () => {
    const { launchUrl: _launchUrl, ...byDevice } = requiresAuth({
      authUrl: 'https://as.example/device',
      completion: 'device',
      userCode: 'WDJB-MJHT',
    });
    const answers = [byDevice, byDevice, { ...byDevice, userCode: 'NEWC-ODES' }, connected()];
    const asked: ConnectArguments[] = [];
    const world = createWorld();
    const broker: Partial<Broker> = {
      connect: async (_principal, args) => answers[asked.push(args) - 1] ?? connected(),
    };
    const { code, out } = await run(['connect', 'linear', '--device'], { world, broker, isTerminal: true });

    expect(code).toBe(0);
    expect(asked.map(({ flow }) => flow)).toEqual(['device', undefined, undefined, undefined]);
    expect(world.opened).toEqual([]);
    expect(out).toContain('https://as.example/device');
    expect(out.match(/WDJB-MJHT|NEWC-ODES/gu)).toEqual(['WDJB-MJHT', 'NEWC-ODES']);
  });

  it('goes back to the callback with --browser', async () => {
    const world = createWorld();
    await run(['connect', 'linear', '--browser', '--wait', '0'], { world });
    expect(world.connects[0]).toMatchObject({ flow: 'browser' });
  });

  it.each([
    'server_url_mismatch',
    'client_rejected',
    'pkce_unsupported',
    'redirect_not_allowed',
    'insufficient_scope',
  ] as const)('says what a person can do about %s', async (code) => {
    const world = createWorld();
    world.answer = failed(code);
    const { err } = await run(['connect', 'linear'], { world });
    expect(err.trim().split('\n')).toHaveLength(2);
  });

  it('stops at Ctrl-C and leaves the sign-in open', async () => {
    const world = createWorld();
    const openStdin = new PassThrough();
    const running = run(['connect', 'linear'], { world, openStdin, isTerminal: true });
    await until(() => world.connects.length > 1);
    openStdin.write('\x03');
    expect(await running).toMatchObject({ code: 3, err: expect.stringContaining('can still be finished') });
  });

  it('passes the end of a failed sign-in on', async () => {
    const world = createWorld();
    const running = run(['connect', 'linear'], { world });
    await until(() => world.connects.length > 1);
    world.finish(failed('authorization_denied'));
    expect(await running).toMatchObject({ code: 1, err: expect.stringContaining('authorization_denied') });
  });

  it('shows a new page when a sign-in is begun anew, but never a storm of them', async () => {
    let count = 0;
    const broker = {
      connect: async () =>
        requiresAuth({ authUrl: `https://as.example/authorize?n=${count++}`, launchUrl: `${LAUNCH_URL}${count}` }),
    };
    const { code, world } = await run(['connect', 'linear'], { broker });
    expect(code).toBe(3);
    expect(world.opened).toHaveLength(3);
  });

  it('reads the client secret from standard input only', async () => {
    const world = createWorld();
    world.answer = connected();
    const { out, err } = await run(['connect', 'github', '--client-id', 'c', '--client-secret-stdin'], {
      world,
      stdin: 'canary-secret-77\n',
    });
    expect(world.connects[0]).toMatchObject({ clientId: 'c', clientSecret: 'canary-secret-77' });
    expect(out + err).not.toContain('canary');
  });

  it('asks for the secret without echo at a terminal', async () => {
    const world = createWorld();
    world.answer = connected();
    const openStdin = new PassThrough();
    const running = run(['connect', 'github', '--client-secret-stdin'], { world, openStdin, isTerminal: true });
    openStdin.write('canary-secret-78\r');
    const { out, err } = await running;
    expect(world.connects[0]).toMatchObject({ clientSecret: 'canary-secret-78' });
    expect(err).toContain('Client secret (not shown)');
    expect(out + err).not.toContain('canary');
  });

  it('says which client is needed, and where it is made, and exits with 3', async () => {
    const world = createWorld();
    world.answer = {
      status: 'requires_oauth_config',
      serverName: 'github',
      authType: 'oauth2',
      reason: 'registration_unavailable',
      oauthDiscovery: {
        authorizationEndpoint: 'https://github.com/login/oauth/authorize',
        tokenEndpoint: 'https://github.com/login/oauth/access_token',
        issuer: 'https://github.com/login/oauth',
        suggestedClientId: 'mcp-server',
        suggestedRedirectUri: 'http://127.0.0.1:27182/oauth/callback',
        suggestedScope: 'repo',
        scopes: ['repo'],
        needsClientSecret: true,
      },
      configUrl: 'http://127.0.0.1:27182/connect/x',
      helpfulSkills: [],
      nextStep: 'x',
    };
    const { code, out } = await run(['connect', 'github'], { world });
    expect(code).toBe(3);
    for (const shown of [
      'https://github.com/settings/developers',
      'http://127.0.0.1:27182/oauth/callback',
      '--client-secret-stdin',
      'http://127.0.0.1:27182/connect/x',
    ])
      expect(out).toContain(shown);
    expect(world.opened).toEqual([]);
    const nextStep = 'Run: mcp-oauth-broker connect github --client-id ID --client-secret-stdin';
    expect(jsonLines((await run(['connect', 'github', '--json'], { world })).out)).toEqual([
      { ...world.answer, nextStep },
    ]);
  });

  it('opens the form of a key and waits for it, though its address differs each time', async () => {
    let count = 0;
    let isSaved = false;
    const { launchUrl: _none, ...form } = requiresAuth({ authType: 'bearer', completion: 'form' });
    const world = createWorld();
    const broker = {
      connect: async () => {
        count += 1;
        if (count > 3) isSaved = true;
        return isSaved
          ? connected({ authType: 'bearer' })
          : { ...form, authUrl: `http://127.0.0.1:27182/connect/${count}` };
      },
    };
    expect(await run(['connect', 'render'], { world, broker })).toMatchObject({ code: 0 });
    expect(world.opened).toEqual(['http://127.0.0.1:27182/connect/1']);
  });

  it.each([
    ['javascript:alert(1)'],
    ['file:///etc/passwd'],
    ['vscode://x'],
    ['https://www.$(calc.exe).com/'],
    ['https://good@evil.example/'],
    ['https://a`id`.example/'],
  ])('T16, T17 neither opens nor shows %s', async (authUrl) => {
    const world = createWorld();
    world.answer = requiresAuth({ authUrl });
    const { code, out, err } = await run(['connect', 'linear'], { world });
    expect(code).toBe(1);
    expect(out + err).not.toContain(authUrl);
    expect(world.opened).toEqual([]);
  });
});

describe('the browser opener', () => {
  function opener(env: Record<string, string>, platform: NodeJS.Platform = 'darwin') {
    const launched: string[] = [];
    const open = createBrowserOpener({ env, platform, launch: async (url) => launched.push(url) });
    return { launched, open };
  }

  it('T16, T17 starts nothing for what is no plain web address', async () => {
    const { launched, open } = opener({});
    for (const url of [
      'javascript:1',
      'file:///x',
      '-x',
      '--help',
      'https://$(id).example/',
      'https://u:p@a.example/',
      'https://-a.example/',
      '',
    ])
      expect(await open(url)).toBe(false);
    expect(launched).toEqual([]);
  });

  it('T17 leaves nothing in an address that a shell would act on', async () => {
    const { launched, open } = opener({});
    expect(await open('https://as.example/a?x="&calc&"&y=`id`&z=$(id)&w=\'|^')).toBe(true);
    expect(launched[0]).not.toMatch(/["'`|^]|\$\(/u);
    expect(new URL(launched[0] ?? '').searchParams.get('z')).toBe('$(id)');
  });

  it('tells that there is no browser over SSH, without a display, when switched off, and when none starts', async () => {
    expect(await opener({ SSH_CONNECTION: 'x' }).open('https://a.example/')).toBe(false);
    expect(await opener({ MCP_OAUTH_NO_BROWSER: '1' }).open('https://a.example/')).toBe(false);
    expect(await opener({}, 'linux').open('https://a.example/')).toBe(false);
    expect(await opener({ DISPLAY: ':0' }, 'linux').open('https://a.example/')).toBe(true);
    const failing = createBrowserOpener({
      env: {},
      platform: 'darwin',
      launch: async () => Promise.reject(new Error('no browser')),
    });
    expect(await failing('https://a.example/')).toBe(false);
  });
});
