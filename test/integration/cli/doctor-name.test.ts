/** `doctor NAME` of what nobody signs in to by itself: programs, and servers whose tokens are got without a user. */
import { afterEach, describe, expect, it } from 'vitest';
import { childServer } from '../../support/child-servers.js';
import { composedBroker } from '../../support/composed-broker.js';
import { createStage } from '../../support/stage.js';
import { CLIENT_SECRET, NAME, unattended } from '../../support/unattended-story.js';

const stage = createStage();
afterEach(() => stage.close());

const PROVIDER = { authorizationEndpoint: 'https://as.example/authorize', tokenEndpoint: 'https://as.example/token' };

async function programs(mcpServers: Readonly<Record<string, unknown>>) {
  const home = await stage.home({ mcpServers, oauthProviders: { known: { ...PROVIDER, clientId: 'c' } } });
  const { broker, principal } = stage.keep(await composedBroker({ home }));
  return { broker, principal, walk: (name: string) => broker.diagnose(principal, name) };
}

describe('a program', () => {
  it('is found, started, asked for its tools, and ended', async () => {
    const { walk } = await programs({ local: childServer() });
    expect(await walk('local')).toMatchObject([
      { step: 'entry', ok: true, message: expect.stringContaining('started by a command') },
      { step: 'program', ok: true },
      { step: 'server', ok: true, message: expect.stringMatching(/^It starts, and lists \d+ tools?\.$/u) },
    ]);
  });

  it('is looked for on the PATH, and in its folder', async () => {
    const { walk } = await programs({
      nowhere: { command: 'no-such-program-here' },
      astray: { ...childServer(), cwd: '/no/such/folder' },
    });
    for (const name of ['nowhere', 'astray'])
      expect(await walk(name)).toMatchObject([
        { step: 'entry' },
        { step: 'program', ok: false, advice: expect.stringContaining('servers.json') },
        { step: 'server', ok: null },
      ]);
  });

  it('is said where it ends by itself', async () => {
    const { walk } = await programs({ ends: { command: process.execPath, args: ['-e', 'process.exit(3)'] } });
    expect((await walk('ends')).at(-1)).toMatchObject({
      step: 'server',
      ok: false,
      nextStep: expect.stringContaining('in a terminal'),
    });
  });

  it('is not started before all that its entry names is there, and each lack is told with what mends it', async () => {
    const { walk, broker, principal } = await programs({
      local: {
        ...childServer(),
        env: {
          TOKEN: { source: 'oauth', provider: 'known' },
          STRANGE: { source: 'oauth', provider: 'unknown' },
          MINE: { source: 'user_secret', name: 'maps key' },
          OURS: { source: 'team_secret', name: 'ours' },
          VARIABLE: { source: 'env', name: 'NOT_SET_ANYWHERE' },
          FILE: { source: 'file', path: '/no/such/file' },
        },
      },
      stored: { ...childServer(), env: { MINE: { source: 'user_secret', name: 'maps key' } } },
    });
    expect((await walk('local')).slice(2)).toMatchObject([
      {
        step: 'grant',
        ok: null,
        message: expect.stringContaining('"known"'),
        advice: 'mcp-oauth-broker connect local',
      },
      { step: 'grant', ok: false, message: expect.stringContaining('"unknown"') },
      { step: 'grant', ok: null, advice: "mcp-oauth-broker secret set 'maps key'" },
      { step: 'grant', ok: null, advice: expect.stringContaining('mcp-oauth-broker secret set ours --team') },
      { step: 'value', ok: false, nextStep: expect.stringContaining('NOT_SET_ANYWHERE') },
      { step: 'value', ok: false, message: expect.stringContaining('/no/such/file') },
      { step: 'server', ok: null, message: expect.stringContaining('not started') },
    ]);

    await broker.storeSecret(principal, { scope: 'user', name: 'maps key', value: 'canary-value-4711' });
    const found = await walk('stored');
    expect(found.at(-1)).toMatchObject({ step: 'server', ok: true });
    expect(JSON.stringify(found)).not.toContain('canary');
  });
});

describe('a grant without a user', () => {
  it('is tried as a call would, and not kept', async () => {
    const { composed, grants } = await unattended(stage);
    const found = await composed.broker.diagnose(composed.principal, NAME);
    expect(found.map(({ step, ok }) => [step, ok])).toEqual([
      ['entry', true],
      ['url', true],
      ['probe', true],
      ['client', null],
      ['grant', true],
    ]);
    expect(found.at(-1)?.message).toMatch(/gives a token.* was not kept\.$/u);
    expect(found.at(-1)?.advice).toContain('oauth.issuer');
    expect(JSON.stringify(found)).not.toContain(CLIENT_SECRET);
    expect(await grants.find(NAME)).toBeUndefined();
  });

  it('sends nobody to a sign-in where the client is refused', async () => {
    const { composed } = await unattended(stage, {
      oauth: () => ({ grantType: 'client_credentials', clientId: 'robot-client', clientSecret: 'another-secret' }),
    });
    const last = (await composed.broker.diagnose(composed.principal, NAME)).at(-1);
    expect(last).toMatchObject({ step: 'grant', ok: false, code: 'client_rejected' });
    expect(last?.nextStep).toContain('oauth.clientId');
    expect(last?.advice).toBeUndefined();
  });
});
