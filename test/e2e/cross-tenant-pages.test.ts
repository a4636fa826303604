/**
 * T78, T82, T84: what somebody else's browser and command line can do to a credential on one shared store: not see it, not
 * use it, not clear it. (The tools are in `cross-tenant.test.ts`.)
 */
import { afterEach, describe, expect, it } from 'vitest';
import { mintVaultKey } from '../../src/vault/vault-key.js';
import type { AuthorizationServerFixture } from '../support/authorization-server.js';
import { isCallback, submitForm, visit } from '../support/browser.js';
import { type ComposedBroker, composedBroker } from '../support/composed-broker.js';
import { CookieJar } from '../support/cookie-jar.js';
import type { ProtectedServerFixture } from '../support/protected-server.js';
import { SHARED_SERVERS } from '../support/shared-stores.js';
import { createStage } from '../support/stage.js';
import { jsonLines, run } from '../unit/cli/fake-surroundings.js';

const WIKI = 'wiki';
const KEYED = 'keyed';
const ALICES_KEY = 'the-key-that-alice-typed';
/** The group of the servers that are signed in. */
const CONNECTED = 'id="group-connected"';
const TIMEOUT_MS = 120_000;

const stage = createStage();
afterEach(() => stage.close());

interface Story {
  readonly authorizationServer: AuthorizationServerFixture;
  readonly server: ProtectedServerFixture;
  readonly alice: ComposedBroker;
  readonly bob: ComposedBroker;
  /** Her grant and her key as they are stored, with their generations. */
  ofAlice(): Promise<unknown>;
}

type Address = () => Promise<string>;

async function fileAddress(): Promise<string> {
  return `sqlite:${(await stage.home()).path}/vault.sqlite`;
}

const [database] = SHARED_SERVERS.filter(({ skipped }) => skipped === undefined);
const STORES: readonly (readonly [string, Address])[] = [
  ['SQLite', fileAddress],
  ...SHARED_SERVERS.filter((found) => found === database).map(({ server }): readonly [string, Address] => [
    server.name,
    async () => {
      const corner = server.corner();
      stage.keep({ close: corner.remove });
      return corner.address;
    },
  ]),
];

/** Alice has signed in at the wiki, and typed a key for another server; Bob has done nothing. */
async function begin(address: Address, teamOfBob = 'red'): Promise<Story> {
  const authorizationServer = await stage.authorizationServer();
  const server = await stage.server({ authorizationServer });
  const keyed = await stage.server();
  const mcpServers = {
    [WIKI]: { url: server.url },
    [KEYED]: { url: keyed.url, auth: 'bearer' },
  };
  const shared = { MCP_OAUTH_STORE: await address(), MCP_OAUTH_KEY: mintVaultKey().text.reveal() };
  const person = async (user: string, team: string) => {
    const env = { ...shared, MCP_OAUTH_TEAM: team, MCP_OAUTH_USER: user };
    return stage.keep(await composedBroker({ home: await stage.home({ mcpServers }), env }));
  };
  const [alice, bob] = [await person('alice', 'red'), await person('bob', teamOfBob)];
  const asked = await alice.broker.connect(alice.principal, { serverName: WIKI });
  await visit('authUrl' in asked ? String(asked.authUrl) : '');
  expect(await alice.broker.connect(alice.principal, { serverName: WIKI })).toMatchObject({ status: 'success' });
  expect(await alice.broker.storeKey(alice.principal, { serverName: KEYED, value: ALICES_KEY })).toMatchObject({
    status: 'success',
  });
  const ofAlice = async () => {
    const vault = await alice.vault();
    return [
      await vault.grants.get(['red', 'alice', WIKI, 'default']),
      await vault.secrets.get(['red', 'alice', KEYED, 'default']),
    ];
  };
  return { authorizationServer, server, alice, bob, ofAlice };
}

async function accountsPageOf({ broker, principal }: ComposedBroker): Promise<string> {
  const opened = await broker.openAccounts(principal);
  if (opened.status !== 'success') throw new Error(opened.error);
  return opened.url;
}

const looking = (cookieJar: CookieJar) => ({ cookieJar, submitForms: false });

describe.each(STORES)('on %s, the browser of a colleague', { timeout: TIMEOUT_MS }, (_, address) => {
  it('sees its own accounts only, is let into no other page, and disconnects nobody else', async () => {
    const { authorizationServer, alice, bob, ofAlice } = await begin(address);
    const before = await ofAlice();
    const [hers, his] = [await accountsPageOf(alice), await accountsPageOf(bob)];
    const [herBrowser, hisBrowser] = [new CookieJar(), new CookieJar()];
    expect((await visit(hers, looking(herBrowser))).body).toContain(CONNECTED);
    const page = await visit(his, looking(hisBrowser));
    expect(page.body).not.toContain(CONNECTED);

    // Who hands out the other's address, in a chat or a log, hands out nothing.
    for (const path of ['', '/disconnect?server=wiki&account=default']) {
      const refused = await visit(`${hers}${path}`, looking(hisBrowser));
      expect(refused.status).toBe(401);
      expect(refused.body).not.toContain(WIKI);
    }
    for (const url of [hers, his])
      for (const server of [WIKI, KEYED]) {
        const body = new URLSearchParams({ csrf: csrfOf(page.body), server, account: 'default' });
        const cookie = hisBrowser.headerFor(new URL(his)) ?? '';
        await fetch(`${url}/disconnect`, { method: 'POST', body, headers: { cookie, origin: new URL(url).origin } });
      }

    expect(await ofAlice()).toEqual(before);
    expect(authorizationServer.requests('revocation')).toEqual([]);
    expect((await visit(hers, looking(herBrowser))).body).toContain(CONNECTED);
  });

  it('neither fills in nor reads the form that another has open', async () => {
    const { alice, bob, ofAlice } = await begin(address);
    const formOf = async ({ broker, principal }: ComposedBroker): Promise<string> => {
      const asked = await broker.connect(principal, { serverName: KEYED, account: 'second' });
      return 'authUrl' in asked ? String(asked.authUrl ?? asked.configUrl) : '';
    };
    const before = await ofAlice();
    const [hers, his] = [await formOf(alice), await formOf(bob)];
    const [herBrowser, hisBrowser] = [new CookieJar(), new CookieJar()];
    expect((await visit(hers, looking(herBrowser))).status).toBe(200);
    const page = await visit(his, looking(hisBrowser));

    expect((await visit(hers, looking(hisBrowser))).status).toBe(401);
    const body = new URLSearchParams({ csrf: csrfOf(page.body), key: 'a-key-of-bob', token: 'a-key-of-bob' });
    const cookie = hisBrowser.headerFor(new URL(his)) ?? '';
    const posted = await fetch(hers, { method: 'POST', body, headers: { cookie, origin: new URL(hers).origin } });
    expect(posted.status).toBe(401);
    await submitForm(page, { key: 'a-key-of-bob', token: 'a-key-of-bob' });

    expect(await ofAlice()).toEqual(before);
    const vault = await alice.vault();
    expect(await vault.secrets.get(['red', 'alice', KEYED, 'second'])).toBeUndefined();
    expect((await vault.secrets.get(['red', 'bob', KEYED, 'second']))?.value).toMatchObject({ value: 'a-key-of-bob' });
  });

  it('that comes back with the answer to another’s sign-in finishes that, and none of its own', async () => {
    const { alice, bob } = await begin(address);
    await alice.broker.clearAuth(alice.principal, { serverName: WIKI });
    const [hers, his] = [
      await alice.broker.connect(alice.principal, { serverName: WIKI }),
      await bob.broker.connect(bob.principal, { serverName: WIKI }),
    ];
    const urlOf = (asked: typeof hers) => new URL('authUrl' in asked ? String(asked.authUrl) : '');
    const answer = (await visit(urlOf(hers), { stopBefore: isCallback })).finalUrl;
    const mixed = new URL(answer);
    mixed.searchParams.set('state', urlOf(his).searchParams.get('state') ?? '');

    // Her code under his state: the verifier is another, so the authorization server refuses it.
    await visit(mixed);
    expect(await bob.broker.connect(bob.principal, { serverName: WIKI })).not.toMatchObject({ status: 'success' });
    expect(await (await bob.vault()).grants.get(['red', 'bob', WIKI, 'default'])).toBeUndefined();
  });
});

/** What Bob may type, and what it comes to. */
const COMMANDS: readonly (readonly [readonly string[], string, number])[] = [
  [['list'], '', 0],
  [['clear', WIKI], '', 0],
  [['clear', KEYED], '', 0],
  [['tools', WIKI], '', 3],
  [['call', WIKI, 'whoami'], '', 3],
  [['call', KEYED, 'whoami'], '', 3],
  [['doctor', WIKI], '', 0],
  [['secret', 'set', 'pin'], 'a-secret-of-bob\n', 0],
  [['key', 'set', KEYED], 'a-key-of-bob\n', 0],
  [['remove', 'hers'], '', 1],
  [['accounts', '--wait', '0'], '', 0],
];

describe.each(STORES)('on %s, the command line of a colleague', { timeout: TIMEOUT_MS }, (_, address) => {
  it('shows, uses and clears nothing of another', async () => {
    const { authorizationServer, server, alice, bob, ofAlice } = await begin(address);
    await alice.broker.connect(alice.principal, { serverName: 'hers', url: server.url });
    await alice.broker.storeSecret(alice.principal, { scope: 'user', name: 'pin', value: 'a-secret-of-alice' });
    const before = await ofAlice();
    const seen = server.authorizationsSeen().length;

    const ended: unknown[] = [];
    for (const [argv, stdin] of COMMANDS) {
      const { code, out, err } = await run([...argv, '--json'], {
        stdin,
        broker: bob.broker,
        dependencies: { principal: () => bob.principal },
      });
      ended.push([argv, stdin, code]);
      expect(out + err).not.toMatch(/alice|"state":"connected"/u);
      if (argv[0] === 'clear')
        expect(jsonLines(out)).toMatchObject([{ cleared: { grants: 0, secrets: 0, clients: 0, pending: 0 } }]);
    }

    expect(ended).toEqual(COMMANDS);
    expect(await ofAlice()).toEqual(before);
    expect(await (await alice.vault()).namedSecrets.get(['user', 'red', 'alice', 'pin'])).toMatchObject({
      generation: 1,
    });
    expect(server.authorizationsSeen()).toHaveLength(seen);
    expect(authorizationServer.requests('revocation')).toEqual([]);
  });

  it('of another team resets nobody’s but its own team’s', async () => {
    const { authorizationServer, bob, ofAlice } = await begin(address, 'blue');
    const before = await ofAlice();
    const { administration } = bob.broker;

    expect(await administration.resetServer(bob.principal, WIKI)).toMatchObject({ cleared: { grants: 0, secrets: 0 } });
    expect(await administration.removeMember(bob.principal, { user: 'alice' })).toMatchObject({
      cleared: { grants: 0, secrets: 0 },
    });

    expect(await ofAlice()).toEqual(before);
    expect(authorizationServer.requests('revocation')).toEqual([]);
  });
});

function csrfOf(body: string): string {
  return /name="csrf" value="([^"]+)"/u.exec(body)?.[1] ?? '';
}
