/** What `doctor NAME` says of a server: of its key, its client, and what is wrong on the way to them. */
import { afterAll, expect, it } from 'vitest';
import { composedBroker } from '../support/composed-broker.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterAll(() => stage.close());

it('speaks of the key where a key is taken, and of a guess as a guess', async () => {
  const authorizationServer = await stage.authorizationServer();
  const server = await stage.server({ authorizationServer, metadataAt: 'none', challenge: 'bare' });
  const mcpServers = { keyed: { url: server.url, auth: 'bearer' }, guessed: { url: server.url } };
  const home = await stage.home({ mcpServers });
  const { broker, principal, vault } = stage.keep(await composedBroker({ home }));
  const grantOf = async (name: string) => (await broker.diagnose(principal, name)).find(({ step }) => step === 'grant');

  expect(await grantOf('keyed')).toMatchObject({ ok: null, advice: 'mcp-oauth-broker key set keyed' });
  const guessed = await broker.diagnose(principal, 'guessed');
  expect(guessed.find(({ step }) => step === 'discovery')).toMatchObject({ ok: null });

  const owner = { team: principal.team, user: principal.user };
  await (await vault()).secrets.update([principal.team, principal.user, 'keyed', 'default'], () => ({
    owner,
    serverName: 'keyed',
    account: 'default',
    serverUrl: server.url,
    kind: 'bearer',
    value: 'a-key-of-the-user',
    storedAt: 0,
    state: 'active',
  }));
  expect(await grantOf('keyed')).toMatchObject({ ok: true });
});

it('looks where the file says that a key is', async () => {
  const server = await stage.server();
  const keyed = (value: unknown) => ({ url: server.url, auth: 'bearer', value });
  const home = await stage.home({
    mcpServers: {
      unset: keyed({ source: 'env', name: 'NOT_SET_ANYWHERE' }),
      missing: keyed({ source: 'org_secret', name: 'crm' }),
      own: keyed({ source: 'user_secret', name: 'crm' }),
      plain: keyed('a-key-of-the-user'),
    },
  });
  const { broker, principal } = stage.keep(await composedBroker({ home }));
  await broker.storeSecret(principal, { scope: 'user', name: 'crm', value: 'a-key-of-the-user' });
  const last = async (name: string) => (await broker.diagnose(principal, name)).at(-1);

  expect(await last('unset')).toMatchObject({
    step: 'value',
    ok: false,
    message: expect.stringContaining('NOT_SET_ANYWHERE'),
  });
  expect(await last('missing')).toMatchObject({
    step: 'grant',
    ok: null,
    advice: 'An administrator runs: mcp-oauth-broker secret set crm --org',
  });
  expect(await last('own')).toMatchObject({ step: 'grant', ok: true, message: 'Its key: your secret is there.' });
  expect(await last('plain')).toMatchObject({ step: 'grant', ok: true });
});

it('walks to the client that would be used, and advises no sign-in after what is wrong', async () => {
  const authorizationServer = await stage.authorizationServer();
  const noRegistration = await stage.authorizationServer({ registration: 'none' });
  const [{ url }, { url: manualUrl }] = [
    await stage.server({ authorizationServer }),
    await stage.server({ authorizationServer: noRegistration }),
  ];
  const home = await stage.home({
    mcpServers: {
      own: { url, oauth: { clientId: 'ours', clientSecret: 'a secret', clientid: 'typo' } },
      moved: { url, oauth: { clientId: 'ours', issuer: 'https://other.example' } },
      unset: { url, oauth: { clientId: 'ours', clientSecret: { source: 'env', name: 'NOT_SET_ANYWHERE' } } },
      open: { url },
      manual: { url: manualUrl },
    },
  });
  const { broker, principal } = stage.keep(await composedBroker({ home }));
  const walk = async (name: string) => {
    const findings = await broker.diagnose(principal, name);
    return Object.fromEntries(findings.map((finding) => [finding.step, finding]));
  };

  const own = await walk('own');
  expect(own.client).toMatchObject({ ok: true, message: 'Client ours of servers.json, with a secret.' });
  expect(own.entry).toMatchObject({ ok: null, message: expect.stringContaining('oauth.clientid') });
  expect(own.grant).toMatchObject({ ok: null, advice: 'mcp-oauth-broker connect own' });
  for (const name of ['moved', 'unset']) {
    const { grant, ...before } = await walk(name);
    expect(Object.values(before).some(({ ok }) => ok === false)).toBe(true);
    expect(grant).not.toHaveProperty('advice');
  }
  expect((await walk('unset')).client).toMatchObject({ ok: false, code: 'invalid_input' });
  expect((await walk('open')).client).toMatchObject({ ok: true, message: 'The broker will register itself.' });
  expect((await walk('manual')).client).toMatchObject({
    ok: null,
    advice: expect.stringContaining('mcp-oauth-broker connect manual --client-id ID'),
  });
});
