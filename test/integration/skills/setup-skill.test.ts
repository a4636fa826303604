/** The code of the skill mcp-oauth-setup, taken out of its pages: it type-checks, and it signs in. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { visit } from '../../support/browser.js';
import { type SkillModules, writeSkillModules } from '../../support/skill-modules.js';
import { createStage } from '../../support/stage.js';

const REDIRECT_URI = 'http://127.0.0.1:3000/mcp-oauth/callback';
const AGENT = { userId: 'user-1', agentId: 'agent-1' };

interface Row {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresAt: number;
  readonly isEnded: boolean;
}

// The blocks are strangers to this project's compiler; they are checked by one of their own, below.
type Functions = Record<string, (...values: unknown[]) => unknown>;

const stage = createStage();
let modules: SkillModules;
let code: Functions;
beforeAll(async () => {
  modules = await writeSkillModules('mcp-oauth-setup');
  const parts = ['outside.ts', 'discovery.ts', 'routes.ts', 'tokens.ts', 'tool-sync.ts', 'connection-state.ts'];
  code = Object.assign({}, ...(await Promise.all(parts.map((name) => modules.load(name)))));
});
afterEach(() => stage.close());
afterAll(() => modules.remove());

describe('the code of the skill mcp-oauth-setup', () => {
  it('type-checks as the files that its pages name', () => {
    expect(modules.fileNames).toEqual([
      'connection-state.ts',
      'discovery.ts',
      'outside.ts',
      'records.ts',
      'registration.ts',
      'routes.ts',
      'sign-in.ts',
      'tokens.ts',
      'tool-sync.ts',
    ]);
    expect(modules.complaints()).toEqual([]);
  });

  it.each(['shared', 'per-agent'])('leads from a URL to the tools of a server, %s', async (credentialMode) => {
    const { store, server, outside } = await product({ credentialMode });
    const owner = credentialMode === 'shared' ? 'shared' : AGENT.agentId;
    const answer = await signedInAnswer(store, outside);
    expect(await callback(store, outside, answer, AGENT.userId)).toBe('/servers/1?connection=connected');

    const saved = await store.findServer('server-1');
    expect(await call('syncTools', store, saved, AGENT.agentId, outside)).toContainEqual(
      expect.objectContaining({ name: 'whoami' }),
    );
    expect(server.authorizationsSeen()).toEqual([`Bearer ${store.grant(owner)?.accessToken}`]);
    expect(await call('connectionState', await store.findServer('server-1'), store.grant(owner))).toMatchObject({
      kind: 'connected',
    });
  });

  it('takes an answer once, and from the user who began alone', async () => {
    const { store, outside } = await product();
    const first = await signedInAnswer(store, outside);
    expect(await callback(store, outside, first, 'user-2')).toBe(400);
    expect(await callback(store, outside, first, AGENT.userId)).toBe(400);
    const second = await signedInAnswer(store, outside);
    expect(await callback(store, outside, second, AGENT.userId)).toBe('/servers/1?connection=connected');
    expect(await callback(store, outside, second, AGENT.userId)).toBe(400);
  });

  it('refuses an answer that names another issuer', async () => {
    const { store, outside } = await product();
    const answer = new URL(await signedInAnswer(store, outside));
    answer.searchParams.set('iss', 'https://attacker.example');
    expect(await callback(store, outside, answer.href, AGENT.userId)).toBe('/servers/1?connection=failed');
    expect(store.grant('shared')).toBeUndefined();
  });

  it('refreshes once for all who ask at the same time, and keeps the new refresh token', async () => {
    const { store, outside, authorizationServer } = await signedIn();
    const before = store.grant('shared');
    store.expire();
    const server = await store.findServer('server-1');
    const answers = await Promise.all([1, 2, 3].map(() => call('accessFor', store, server, AGENT.agentId, outside)));
    const after = store.grant('shared');
    expect(answers).toEqual([1, 2, 3].map(() => bearer(after?.accessToken)));
    expect(authorizationServer.refreshCount()).toBe(1);
    expect(after?.refreshToken).not.toBe(before?.refreshToken);
  });

  it('asks for a sign-in after invalid_grant, and keeps a grant whose refresh only failed', async () => {
    const { store, outside, authorizationServer } = await signedIn();
    store.expire();
    const server = await store.findServer('server-1');
    authorizationServer.bend({ endpoint: 'token', times: 1, respond: { status: 503 } });
    expect(await call('accessFor', store, server, AGENT.agentId, outside)).toEqual({ kind: 'temporarily-unavailable' });
    expect(store.grant('shared')?.isEnded).toBe(false);
    authorizationServer.dropRefreshTokens();
    expect(await call('accessFor', store, server, AGENT.agentId, outside)).toEqual({ kind: 'sign-in-needed' });
    expect(store.grant('shared')?.isEnded).toBe(true);
  });

  it('sends a grant to no server but its own', async () => {
    const { store, outside } = await signedIn();
    const server = await store.findServer('server-1');
    const moved = { ...server, oauth: { ...(server?.['oauth'] as object), resource: 'https://other.example/mcp' } };
    expect(await call('accessFor', store, moved, AGENT.agentId, outside)).toEqual({ kind: 'sign-in-needed' });
  });

  it('does not go on where the metadata are about another server', async () => {
    const { server, outside } = await product({ metadata: { resource: 'https://other.example/mcp' } });
    await expect(call('discover', server.url, outside)).rejects.toThrow('is about');
  });

  it('asks no private address, unless it is told to', async () => {
    const { server } = await product();
    await expect(call('discover', server.url.replace('http:', 'https:'), await call('createOutside'))).rejects.toThrow(
      'not a public address',
    );
    await expect(call('discover', server.url, await call('createOutside'))).rejects.toThrow('not https');
    for (const address of ['10.0.0.1', '169.254.169.254', '::1', '::ffff:10.0.0.1', 'fd00::1', '2002:a00:1::'])
      expect([address, await call('isPublicAddress', address)]).toEqual([address, false]);
    for (const address of ['1.1.1.1', '2606:4700:4700::1111'])
      expect([address, await call('isPublicAddress', address)]).toEqual([address, true]);
  });
});

async function call(name: string, ...values: unknown[]): Promise<unknown> {
  const run = code[name];
  if (run === undefined) throw new Error(`the skill has no ${name}`);
  return run(...values);
}

async function product({ credentialMode = 'shared', metadata = {} } = {}) {
  const authorizationServer = await stage.authorizationServer();
  const server = await stage.server({ authorizationServer, metadata });
  const store = createStore({ id: 'server-1', url: server.url, authType: 'oauth', credentialMode });
  return { authorizationServer, server, store, outside: await call('createOutside', { allowLocal: true }) };
}

async function signedIn() {
  const parts = await product();
  const answer = await signedInAnswer(parts.store, parts.outside);
  await callback(parts.store, parts.outside, answer, AGENT.userId);
  return parts;
}

/** The address that the provider sends the browser back to. */
async function signedInAnswer(store: unknown, outside: unknown): Promise<string> {
  const response = (await call('connectRoute', store, outside, {
    serverId: 'server-1',
    caller: AGENT,
    redirectUri: REDIRECT_URI,
    returnTo: '/servers/1',
  })) as Response;
  const { finalUrl } = await visit(response.headers.get('location') ?? '', {
    stopBefore: (url) => url.href.startsWith(REDIRECT_URI),
  });
  return finalUrl;
}

/** Where the callback sends the browser, or its status where it does not. */
async function callback(store: unknown, outside: unknown, answer: string, userId: string) {
  const response = (await call('callbackRoute', store, outside, new Request(answer), userId)) as Response;
  return response.headers.get('location') ?? response.status;
}

function bearer(token: string | undefined) {
  return { kind: 'headers', headers: { authorization: `Bearer ${token}` } };
}

/** The skill's `Store` in memory. */
function createStore(first: Record<string, unknown>) {
  let server = first;
  const credentials = new Map<string, Row>();
  const pending = new Map<string, unknown>();
  let turn: Promise<unknown> = Promise.resolve();
  return {
    grant: (owner: string) => credentials.get(owner),
    expire: () => {
      for (const [owner, row] of credentials) credentials.set(owner, { ...row, expiresAt: Date.now() - 1 });
    },
    findServer: async (_id: string): Promise<Record<string, unknown>> => server,
    saveServer: async (changed: Record<string, unknown>) => {
      server = changed;
    },
    findCredential: async (_id: string, owner: string) => credentials.get(owner),
    saveCredential: async (_id: string, owner: string, row: Row) => void credentials.set(owner, row),
    addPending: async (hash: string, value: unknown) => void pending.set(hash, value),
    takePending: async (hash: string) => {
      const found = pending.get(hash);
      pending.delete(hash);
      return found;
    },
    exclusively: async <T>(_key: string, work: () => Promise<T>): Promise<T> => {
      const mine = turn.then(work, work);
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}
