/** A key that an entry takes from a secret, a variable or the file itself, once its server refuses it. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ComposedBroker, composedBroker } from '../../support/composed-broker.js';
import type { ProtectedServerFixture } from '../../support/protected-server.js';
import { createStage } from '../../support/stage.js';

const stage = createStage();
afterEach(async () => {
  vi.unstubAllEnvs();
  await stage.close();
});

const REFUSAL = { endpoint: 'mcp', respond: { status: 401 } } as const;

async function begin(value: unknown): Promise<ComposedBroker & { readonly server: ProtectedServerFixture }> {
  vi.stubEnv('THE_KEY', 'a-key-of-the-user');
  const server = await stage.server();
  const home = await stage.home({ mcpServers: { crm: { url: server.url, auth: 'bearer', value } } });
  const composed = stage.keep(await composedBroker({ home }));
  for (const scope of ['user', 'team', 'org'] as const)
    await composed.broker.storeSecret(composed.principal, { scope, name: 'crm', value: 'a-key-of-the-user' });
  return { ...composed, server };
}

const call = async ({ broker, principal }: ComposedBroker) => {
  const result = await broker.callTool(principal, { serverName: 'crm', toolName: 'whoami' });
  return result.kind === 'outcome' ? result.outcome : result;
};
const accounts = async ({ broker, principal }: ComposedBroker) => {
  const listed = await broker.listServers(principal, 'crm');
  return 'servers' in listed ? listed.servers[0]?.accounts : listed;
};

describe.each([
  ['user', { authUrl: expect.stringContaining('/connect/'), completion: 'form' }, 'secret set crm.'],
  ['team', { authUrl: null }, 'secret set crm --team.'],
  ['org', { authUrl: null }, 'secret set crm --org.'],
] as const)('of a secret for the %s', (scope, form, command) => {
  it('is asked for anew from who may store it, and the new one is used', async () => {
    const begun = await begin({ source: `${scope}_secret`, name: 'crm' });
    const { broker, principal, server } = begun;
    server.bend({ ...REFUSAL });

    expect(await call(begun)).toMatchObject({
      status: 'requires_auth',
      authType: 'bearer',
      reason: 'key_rejected',
      ...form,
      nextStep: expect.stringContaining(command),
    });
    expect(await accounts(begun)).toMatchObject([{ state: 'auth_required', reason: 'key_rejected' }]);

    server.straighten();
    await broker.storeSecret(principal, { scope, name: 'crm', value: 'a-newer-key' });
    expect(await call(begun)).toMatchObject({ kind: 'upstream' });
    expect(server.authorizationsSeen()).toContain('Bearer a-newer-key');
    expect(await accounts(begun)).toMatchObject([{ state: 'connected' }]);
  });
});

it.each([
  [{ source: 'env', name: 'THE_KEY' }, 'variable THE_KEY'],
  ['a-key-of-the-user', 'its "value"'],
])('of %o is an error that names it', async (value, words) => {
  const begun = await begin(value);
  begun.server.bend({ ...REFUSAL });

  const refused = await call(begun);
  expect(refused).toMatchObject({ status: 'error', code: 'invalid_input', error: expect.stringContaining(words) });
  expect(JSON.stringify(refused)).not.toContain('a-key-of-the-user');
  expect(await accounts(begun)).toMatchObject([{ state: 'error', reason: 'invalid_input' }]);
});
