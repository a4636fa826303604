/**
 * `waitSeconds`: the call comes back as soon as the sign-in ends; its own end changes nothing.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { CallContext } from '../../src/broker/index.js';
import { visit } from '../support/browser.js';
import { type ComposedBroker, composedBroker } from '../support/composed-broker.js';
import { until } from '../support/loopback-port.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

const SERVER_NAME = 'waited-for';

async function protectedServer() {
  return stage.server({ authorizationServer: await stage.authorizationServer() });
}

/** A broker with an open sign-in of that age, and a call that waits for it. */
async function waitingCall(waitSeconds: number, context?: CallContext, ageMs = 0) {
  const server = await protectedServer();
  const composed = stage.keep(await composedBroker());
  const { broker, principal } = composed;
  const begun = await broker.connect(principal, { serverName: SERVER_NAME, url: server.url });
  composed.advance(ageMs);
  const looks = await countLooks(composed);
  const waited = broker.connect(principal, { serverName: SERVER_NAME, waitSeconds }, context);
  let isOver = false;
  waited.then(() => {
    isOver = true;
  });
  const looksAgain = async () => {
    const before = looks();
    await until(() => isOver || looks() > before + 6);
  };
  await looksAgain();
  return { ...composed, begun, waited, looksAgain, isOver: () => isOver };
}

/** How often the pending sign-in was looked at: each look of a waiting call is a chance to give up. */
async function countLooks({ vault }: ComposedBroker): Promise<() => number> {
  const { pendings } = await vault();
  const get = pendings.get.bind(pendings);
  let looks = 0;
  Object.assign(pendings, {
    get: (id: readonly string[]) => {
      looks += 1;
      return get(id);
    },
  });
  return () => looks;
}

describe('a call that waits', () => {
  it('comes back connected as soon as the user has signed in, in whatever process that ends', async () => {
    const server = await protectedServer();
    const home = await stage.home();
    const agent = await stage.agent({ home });
    const other = await stage.agent({ home });
    const begun = await other.connect(SERVER_NAME, { url: server.url });
    const startedAt = performance.now();

    const [waited] = await Promise.all([agent.connect(SERVER_NAME, { waitSeconds: 40 }), visit(String(begun.authUrl))]);

    expect(waited).toMatchObject({ status: 'success', authType: 'oauth2' });
    expect(performance.now() - startedAt).toBeLessThan(30_000);
  });

  it('comes back connected at once when the user signs in just as it begins to wait', async () => {
    const server = await protectedServer();
    const { broker, listener, principal } = stage.keep(await composedBroker());
    const begun = await broker.connect(principal, { serverName: SERVER_NAME, url: server.url });
    const { serve } = listener;
    Object.assign(listener, {
      serve: async (request: Parameters<typeof serve>[0]) => {
        Object.assign(listener, { serve });
        await visit(String('authUrl' in begun && begun.authUrl));
        return serve(request);
      },
    });

    const waited = await broker.connect(principal, { serverName: SERVER_NAME, waitSeconds: 300 });

    expect(waited).toMatchObject({ status: 'success', authType: 'oauth2' });
  });

  it('comes back with the same sign-in when the host cancels, which leaves it open', async () => {
    const server = await protectedServer();
    const agent = await stage.agent();
    const begun = await agent.connect(SERVER_NAME, { url: server.url });
    const cancelling = new AbortController();
    const call = { name: 'connect_to_mcp_server', arguments: { serverName: SERVER_NAME, waitSeconds: 300 } };
    const waited = agent.broker.client.callTool(call, { signal: cancelling.signal } as never);
    const failed = expect(waited).rejects.toThrow();

    cancelling.abort();

    await failed;
    expect((await agent.connect(SERVER_NAME)).authUrl).toBe(begun.authUrl);
    await visit(String(begun.authUrl));
    expect(await agent.connect(SERVER_NAME)).toMatchObject({ status: 'success' });
  });

  it('is over at once for the broker, too, when it is cancelled', async () => {
    const cancelling = new AbortController();
    const { waited, begun } = await waitingCall(300, { signal: cancelling.signal, onProgress: () => {} });

    cancelling.abort();

    expect(await waited).toMatchObject({ status: 'requires_auth', authUrl: 'authUrl' in begun && begun.authUrl });
  });

  it('waits 45 seconds at most without a progress token, however long it was asked for', async () => {
    const { waited, advance, looksAgain, isOver, begun } = await waitingCall(300);

    advance(44_000);
    await looksAgain();
    expect(isOver()).toBe(false);
    advance(1_000);

    expect(await waited).toMatchObject({ status: 'requires_auth', authUrl: 'authUrl' in begun && begun.authUrl });
  });

  it('is over with the ten minutes of the sign-in, and gives a new one', async () => {
    const { waited, advance, begun } = await waitingCall(300, { onProgress: () => {} }, 590_000);

    advance(10_000);

    const next = await waited;
    expect(next).toMatchObject({ status: 'requires_auth', reason: 'state_expired' });
    expect('authUrl' in next && next.authUrl).not.toBe('authUrl' in begun && begun.authUrl);
  });

  it('waits as long as asked with a progress token, and reports every ten seconds', async () => {
    const reports: { progress: number; total?: number; message?: string }[] = [];
    const { waited, advance, looksAgain, isOver } = await waitingCall(65, { onProgress: (one) => reports.push(one) });

    for (let seconds = 10; seconds <= 60; seconds += 10) {
      advance(10_000);
      await looksAgain();
    }
    expect(isOver()).toBe(false);
    advance(5_000);

    expect(await waited).toMatchObject({ status: 'requires_auth' });
    expect(reports.map(({ total }) => total)).toEqual(Array.from({ length: 6 }, () => 65));
    expect(reports.map(({ progress }) => Math.floor(progress / 10))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('ends when the sign-in is cleared or replaced meanwhile, with what there is to do then', async () => {
    const { waited, broker, principal } = await waitingCall(40);

    const replaced = await broker.connect(principal, { serverName: SERVER_NAME, scope: 'mcp:write' });

    expect(await waited).toMatchObject({
      status: 'requires_auth',
      authUrl: 'authUrl' in replaced && replaced.authUrl,
      scope: 'mcp:write',
    });
  });
});
