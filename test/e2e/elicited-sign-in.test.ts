/**
 * Signing in at the request of the host: one that can show URLs is asked that way, in both eras, and the call waits.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { type AnsweringHost, startAnsweringHost } from '../support/answering-host.js';
import { visit } from '../support/browser.js';
import { childServer } from '../support/child-servers.js';
import { until } from '../support/loopback-port.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

type Answer = Parameters<typeof startAnsweringHost>[1];
type Params = Readonly<Record<string, unknown>>;

const CLIENT = { clientId: 'by-hand', clientSecret: 'a-secret-of-the-client' };
const SHOWS_URLS = { elicitation: { url: {} } };

async function meeting(sdk: 'v1' | 'v2', answer: Answer, capabilities: object = SHOWS_URLS) {
  const server = await stage.server({ authorizationServer: await stage.authorizationServer() });
  const home = await stage.home({ mcpServers: { linear: { url: server.url } } });
  const host = stage.keep(await startAnsweringHost({ sdk, home, capabilities: { ...capabilities } }, answer));
  return { host, server };
}

const signsIn: Answer = async (_method, { url }: Params) => {
  await visit(String(url));
  return { action: 'accept' };
};

/** Until the waiting call has looked at the vault again: by then it has seen the clock. */
async function looksAgain({ composed }: AnsweringHost): Promise<void> {
  const { pendings } = await composed.vault();
  const get = pendings.get.bind(pendings);
  let looks = 0;
  Object.assign(pendings, {
    get: (id: readonly string[]) => {
      looks += 1;
      return get(id);
    },
  });
  await until(() => looks > 6);
  Object.assign(pendings, { get });
}

describe.each(['v1', 'v2'] as const)('a host of SDK %s that shows URLs', (sdk) => {
  it('is asked to have the user sign in, and the call comes back connected', async () => {
    const { host } = await meeting(sdk, signsIn);

    expect(await host.connect({ serverName: 'linear' })).toMatchObject({ status: 'success', authType: 'oauth2' });

    expect(host.asked).toHaveLength(1);
    const [{ method, params } = { method: '', params: {} as Params }] = host.asked;
    expect(method).toBe('elicitation/create');
    expect(params['mode']).toBe('url');
    expect(params['message']).toMatch(/^Sign in to "linear" \(127\.0\.0\.1:\d+\), so that it can be used here\.$/u);
  });

  it('is asked for a tool as well, which then runs', async () => {
    const { host, server } = await meeting(sdk, signsIn);

    const result = await host.call('call_mcp_tool', { serverName: 'linear', toolName: 'whoami' });

    expect(result['isError'] ?? false).toBe(false);
    expect(server.callCount('whoami')).toBe(1);
    expect(host.asked).toHaveLength(1);
  });

  it('is asked for a search of that server as well, which then finds its tools', async () => {
    const { host } = await meeting(sdk, signsIn);

    const result = await host.call('search_mcp_tools', { serverName: 'linear', query: 'whoami' });

    expect(result['structuredContent']).toMatchObject({ tools: [{ serverName: 'linear', name: 'whoami' }] });
    expect(host.asked).toHaveLength(1);
  });

  it('comes back with the URL at once when the user declines, and is not asked again', async () => {
    const { host } = await meeting(sdk, () => ({ action: 'decline' }));

    const declined = await host.connect({ serverName: 'linear' });
    const again = await host.connect({ serverName: 'linear' });

    expect(declined).toMatchObject({ status: 'requires_auth', completion: 'callback' });
    expect(again).toMatchObject({ status: 'requires_auth', authUrl: declined['authUrl'] });
    expect(host.asked.map(({ params }) => params['url'])).toEqual([declined['authUrl']]);
  });

  it('is asked again for another sign-in than the declined one', async () => {
    const { host } = await meeting(sdk, () => ({ action: 'decline' }));

    await host.connect({ serverName: 'linear' });
    const other = await host.connect({ serverName: 'linear', scope: 'mcp:write' });

    expect(host.asked).toHaveLength(2);
    expect(host.asked[1]?.params['url']).toBe(other['authUrl']);
  });

  it('waits 45 seconds for a user who only agreed, then has the URL', async () => {
    const { host } = await meeting(sdk, () => ({ action: 'accept' }));
    let isOver = false;
    const waited = host.connect({ serverName: 'linear' }).finally(() => {
      isOver = true;
    });
    await until(() => host.asked.length === 1);
    await looksAgain(host);

    host.composed.advance(44_000);
    await looksAgain(host);
    expect(isOver).toBe(false);
    host.composed.advance(1_000);

    expect(await waited).toMatchObject({ status: 'requires_auth', authUrl: host.asked[0]?.params['url'] });
  });

  it('waits 120 seconds with a progress token, and hears of it every ten', async () => {
    const { host } = await meeting(sdk, () => ({ action: 'accept' }));
    // An SDK tells of each round itself, without a total.
    const heard: unknown[] = [];
    const onprogress = (progress: { readonly total?: number }): void => {
      if (progress.total !== undefined) heard.push(progress);
    };
    const params = { name: 'connect_to_mcp_server', arguments: { serverName: 'linear' } };
    let isOver = false;
    const waited = host.callWith(params, { onprogress, timeout: 50_000 }).finally(() => {
      isOver = true;
    });
    await until(() => host.asked.length === 1);
    await looksAgain(host);

    host.composed.advance(10_000);
    await until(() => heard.length === 1);
    host.composed.advance(109_000);
    await looksAgain(host);
    expect(isOver).toBe(false);
    host.composed.advance(1_000);

    expect((await waited)['structuredContent']).toMatchObject({ status: 'requires_auth' });
    expect(heard[0]).toMatchObject({ progress: 10, total: 120, message: 'Waiting for the user to sign in' });
  });

  it('is asked for what a program takes, and the tool then runs', async () => {
    const home = await stage.home({
      mcpServers: { local: { ...childServer(), env: { KEY: { source: 'user_secret', name: 'key' } } } },
    });
    const host: AnsweringHost = stage.keep(
      await startAnsweringHost({ sdk, home, capabilities: SHOWS_URLS }, async () => {
        const { broker, principal } = host.composed;
        await broker.storeSecret(principal, { scope: 'user', name: 'key', value: 'as-typed-into-the-form' });
        return { action: 'accept' };
      }),
    );

    expect(await host.connect({ serverName: 'local' })).toMatchObject({ status: 'success', transport: 'stdio' });
    expect(host.asked[0]?.params['message']).toBe(
      '"local" needs a credential: enter it on this page of your own machine.',
    );
  });

  it('is asked for the secret in a header of a server, and the call comes back connected', async () => {
    const { url } = await stage.server();
    const headers = { 'X-Workspace': { source: 'user_secret', name: 'workspace' } };
    const home = await stage.home({ mcpServers: { wiki: { url, headers } } });
    const host: AnsweringHost = stage.keep(
      await startAnsweringHost({ sdk, home, capabilities: SHOWS_URLS }, async () => {
        const { broker, principal } = host.composed;
        await broker.storeSecret(principal, { scope: 'user', name: 'workspace', value: 'as-typed-into-the-form' });
        return { action: 'accept' };
      }),
    );

    expect(await host.connect({ serverName: 'wiki' })).toMatchObject({ status: 'success', authType: 'none' });
  });

  it('is not asked again for a secret whose form the user declined', async () => {
    const env = { KEY: { source: 'user_secret', name: 'key' } };
    const home = await stage.home({ mcpServers: { local: { ...childServer(), env } } });
    const declines: Answer = () => ({ action: 'decline' });
    const host = stage.keep(await startAnsweringHost({ sdk, home, capabilities: SHOWS_URLS }, declines));

    const missing = { status: 'requires_auth', reason: 'secret_missing' };
    expect(await host.connect({ serverName: 'local' })).toMatchObject(missing);
    expect(await host.connect({ serverName: 'local' })).toMatchObject(missing);
    expect(host.asked).toHaveLength(1);
  });

  it('is asked to have the user sign in at the provider whose token a server takes', async () => {
    const acme = await stage.authorizationServer({ clients: [CLIENT], resourceIndicators: false });
    const { url } = await stage.server({ authorizationServer: acme });
    const home = await stage.home({
      mcpServers: { wiki: { url, auth: 'bearer', value: { source: 'oauth', provider: 'acme' } } },
      oauthProviders: { acme: { issuer: acme.issuer, ...CLIENT, scope: 'mcp:tools' } },
    });
    const host = stage.keep(await startAnsweringHost({ sdk, home, capabilities: SHOWS_URLS }, signsIn));

    expect(await host.connect({ serverName: 'wiki' })).toMatchObject({ status: 'success', authType: 'bearer' });
    expect(host.asked).toHaveLength(1);
  });

  it('is not asked where it shows forms only', async () => {
    const { host } = await meeting(sdk, signsIn, { elicitation: { form: {} } });
    expect(await host.connect({ serverName: 'linear' })).toMatchObject({ status: 'requires_auth' });
    expect(host.asked).toEqual([]);
  });
});

describe('a host of before 2026-07-28', () => {
  it('is told when the user who agreed has signed in', async () => {
    const { host } = await meeting('v1', (_method, { url }: Params) => {
      // The answer is there long before the browser is.
      setImmediate(() => void visit(String(url)));
      return { action: 'accept' };
    });

    expect(await host.connect({ serverName: 'linear' })).toMatchObject({ status: 'success' });
    await expect.poll(() => host.completed, { timeout: 8_000 }).toEqual([host.asked[0]?.params['elicitationId']]);
  });

  it('has its question taken back when the user signs in without answering it', async () => {
    let withdrawn = false;
    const { host } = await meeting('v1', async (_method, { url }: Params, signal) => {
      await visit(String(url));
      if (!signal.aborted)
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      withdrawn = true;
      return { action: 'cancel' };
    });

    expect(await host.connect({ serverName: 'linear' })).toMatchObject({ status: 'success' });
    await until(() => withdrawn);
  });

  it('gets the URL as without it where it fails to ask', async () => {
    const { host } = await meeting('v1', () => {
      throw new Error('no window');
    });
    expect(await host.connect({ serverName: 'linear' })).toMatchObject({ status: 'requires_auth' });
  });
});
