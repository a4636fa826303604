/** Which program serves a port: this one, a peer of the same vault, or a stranger. */
import { get } from 'node:http';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it, vi } from 'vitest';
import { foreignServer, listenerOf, listenUntilEnd, servedPort } from './listeners.js';
import { reachability, send, until } from './requests.js';
import { createStandInBroker } from './stand-in-broker.js';

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);
const CHALLENGE = 'ab'.repeat(32);

describe('a free port', () => {
  it('is bound on 127.0.0.1 and answers there', async () => {
    const port = await servedPort(listenerOf(createStandInBroker()));
    expect((await send({ port, path: '/' })).status).toBe(404);
  });

  it.skipIf(process.platform !== 'linux')('T41 is not reachable by any other address of the machine', async () => {
    const port = await servedPort(listenerOf(createStandInBroker()));
    const others = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    const outside = others.filter((one) => !one.internal && one.family === 'IPv4').map((one) => one.address);
    for (const address of ['127.0.0.2', '::1', ...outside])
      expect([address, await reachability(port, address)]).not.toEqual([address, 'connected']);
  });

  it.skipIf(!hasIpv6)('T39 is bound on both addresses where the host is localhost', async () => {
    const port = await servedPort(listenerOf(createStandInBroker()), 'localhost');
    const headers = { host: `localhost:${port}` };
    expect((await send({ port, address: '127.0.0.1', path: '/', headers })).status).toBe(404);
    expect((await send({ port, address: '::1', path: '/', headers })).status).toBe(404);
  });

  it.skipIf(!hasIpv6)('is bound on ::1 alone where the host is ::1', async () => {
    const port = await servedPort(listenerOf(createStandInBroker()), '::1');
    expect((await send({ port, address: '::1', path: '/' })).status).toBe(404);
    expect(await reachability(port)).toBe('ECONNREFUSED');
  });

  it('is served beside others by one process, and asking again changes nothing', async () => {
    const listener = listenerOf(createStandInBroker());
    const ports = [await servedPort(listener), await servedPort(listener)];
    expect(new Set(ports).size).toBe(2);
    for (const port of ports) {
      expect(await listener.serve({ host: '127.0.0.1', port })).toEqual({ kind: 'serving', port });
      expect((await send({ port, path: '/' })).status).toBe(404);
    }
  });

  it('is freed by close', async () => {
    const listener = listenerOf(createStandInBroker());
    const port = await servedPort(listener);
    await listener.close();
    expect(await reachability(port)).toBe('ECONNREFUSED');
    expect(await listener.serve({ host: '127.0.0.1', port })).toEqual({ kind: 'foreign' });
  });
});

describe('a port that is taken', () => {
  it('is served when a peer of the same vault has it', async () => {
    const port = await servedPort(listenerOf(createStandInBroker()));
    expect(await listenerOf(createStandInBroker()).serve({ host: '127.0.0.1', port })).toEqual({
      kind: 'serving',
      port,
    });
  });

  it('is foreign when a broker of another vault has it', async () => {
    const port = await servedPort(listenerOf(createStandInBroker()));
    const other = listenerOf(createStandInBroker({ vaultKey: 'another vault' }));
    expect(await other.serve({ host: '127.0.0.1', port })).toEqual({ kind: 'foreign' });
  });

  it.each([
    [
      'says 404',
      (_: unknown, response: { writeHead(status: number): { end(): void } }) => response.writeHead(404).end(),
    ],
    ['says anything', (_: unknown, response: { end(body: string): void }) => response.end('{"proof":""}')],
    ['says what is no JSON', (_: unknown, response: { end(body: string): void }) => response.end('<html>')],
    [
      'never stops talking',
      (_: unknown, response: { write(body: string): void }) => response.write('x'.repeat(100_000)),
    ],
    ['never says a word', () => {}],
  ])('T40 is foreign when its program %s', async (_, respond) => {
    const port = await foreignServer(respond as never);
    expect(await listenerOf(createStandInBroker()).serve({ host: '127.0.0.1', port })).toEqual({ kind: 'foreign' });
  });

  it('T40 is foreign when its program hangs up on everybody', async () => {
    const port = await listenUntilEnd(createServer((socket) => socket.resetAndDestroy()));
    expect(await listenerOf(createStandInBroker()).serve({ host: '127.0.0.1', port })).toEqual({ kind: 'foreign' });
  });

  it('T40 is foreign when its program buries a good proof in more than 1 KiB', async () => {
    const answered = async (paddingLength: number) => {
      const { broker } = createStandInBroker();
      const port = await foreignServer(async (request, response) => {
        const challenge = new URL(request.url ?? '', 'http://127.0.0.1').searchParams.get('challenge');
        const message = `mcp-oauth-broker loopback listener\n127.0.0.1\n${request.socket.localPort}\n${challenge}`;
        response.end(JSON.stringify({ proof: await broker().proveVault(message) }) + ' '.repeat(paddingLength));
      });
      return (await listenerOf(createStandInBroker()).serve({ host: '127.0.0.1', port })).kind;
    };
    expect([await answered(0), await answered(2_000)]).toEqual(['serving', 'foreign']);
  });

  it('T40 is foreign when its program passes the challenge on to a real broker on another port', async () => {
    const realPort = await servedPort(listenerOf(createStandInBroker()));
    const port = await foreignServer((request, response) => {
      get(
        { host: '127.0.0.1', port: realPort, path: request.url, headers: { host: `127.0.0.1:${realPort}` } },
        (answer) => answer.pipe(response),
      );
    });
    expect(await listenerOf(createStandInBroker()).serve({ host: '127.0.0.1', port })).toEqual({ kind: 'foreign' });
  });

  it.skipIf(!hasIpv6)(
    'T39 is foreign when a stranger on ::1 passes the challenge on to a real broker on 127.0.0.1',
    async () => {
      const port = await servedPort(listenerOf(createStandInBroker()));
      await foreignServer(
        (request, response) => {
          get({ host: '127.0.0.1', port, path: request.url, headers: { host: `127.0.0.1:${port}` } }, (answer) =>
            answer.pipe(response),
          );
        },
        { address: '::1', port },
      );
      expect(await listenerOf(createStandInBroker()).serve({ host: 'localhost', port })).toEqual({ kind: 'foreign' });
    },
  );

  it.skipIf(!hasIpv6)('T39 is foreign for localhost when only ::1 is taken, and 127.0.0.1 is let go', async () => {
    const port = await foreignServer((_, response) => response.end(), { address: '::1' });
    const listener = listenerOf(createStandInBroker());
    expect(await listener.serve({ host: 'localhost', port })).toEqual({ kind: 'foreign' });
    expect(await reachability(port)).toBe('ECONNREFUSED');
  });

  it('is bound when the program on it goes just as it is asked', async () => {
    const server = createServer((socket) => {
      server.close();
      socket.resetAndDestroy();
    });
    const port = await listenUntilEnd(server);
    expect(await listenerOf(createStandInBroker()).serve({ host: '127.0.0.1', port })).toEqual({
      kind: 'serving',
      port,
    });
    expect((await send({ port, path: '/' })).status).toBe(404);
  });
});

describe('the health answer', () => {
  it('is a proof of its own for each address, port and challenge', async () => {
    const ports = [
      await servedPort(listenerOf(createStandInBroker())),
      await servedPort(listenerOf(createStandInBroker())),
    ];
    const asked = ports.flatMap((port) =>
      [CHALLENGE, 'cd'.repeat(32)].map((challenge) =>
        send({ port, path: `/.well-known/mcp-oauth-broker?challenge=${challenge}` }),
      ),
    );
    const answers = await Promise.all(asked);
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
    expect(new Set(answers.map((answer) => answer.body)).size).toBe(4);
    expect(JSON.parse(answers[0]?.body ?? '')).toEqual({ proof: expect.stringMatching(/^[0-9a-f]{64}$/u) });
  });

  it.each([
    '',
    '?challenge=',
    `?challenge=${CHALLENGE}00`,
    `?challenge=${CHALLENGE.toUpperCase()}`,
    '?challenge=mcp-oauth-broker',
  ])('is refused to %j', async (query) => {
    const port = await servedPort(listenerOf(createStandInBroker()));
    const answer = await send({ port, path: `/.well-known/mcp-oauth-broker${query}` });
    expect(answer.status).toBe(400);
    expect(answer.body).not.toContain('proof');
  });
});

describe('the watch', () => {
  it('takes a port over from a listener that has gone, without ever having served that sign-in', async () => {
    const first = listenerOf(createStandInBroker());
    const port = await servedPort(first);
    const survivor = createStandInBroker();
    survivor.openPorts = [{ host: '127.0.0.1', port }];
    listenerOf(survivor).startTakeover();
    await first.close();
    await until(async () => (await reachability(port)) === 'connected');
    expect((await send({ port, path: '/oauth/callback?state=state-1&code=c' })).status).toBe(200);
    expect(survivor.calls.callbacks).toHaveLength(1);
  });

  it('leaves a port to the peer that serves it', async () => {
    const first = createStandInBroker();
    const port = await servedPort(listenerOf(first));
    const second = createStandInBroker();
    let looks = 0;
    Object.defineProperty(second, 'openPorts', {
      get: () => {
        looks += 1;
        return [{ host: '127.0.0.1', port }];
      },
    });
    listenerOf(second).startTakeover();
    await until(() => looks > 2);
    await send({ port, path: '/oauth/callback?state=state-1&code=c' });
    expect([first.calls.callbacks.length, second.calls.callbacks.length]).toEqual([1, 0]);
  });

  it('lets a port go when nothing has needed it for a while, not before', async () => {
    const standIn = createStandInBroker();
    let looks = 0;
    Object.defineProperty(standIn, 'openPorts', {
      get: () => {
        looks += 1;
        return [];
      },
    });
    let now = 1_000_000;
    const port = await servedPort(listenerOf(standIn, { now: () => now }));
    await until(() => looks > 2);
    expect(await reachability(port)).toBe('connected');
    now += 11_000;
    await until(async () => (await reachability(port)) === 'ECONNREFUSED');
  });

  it('keeps a port for as long as it is needed', async () => {
    const standIn = createStandInBroker();
    let now = 1_000_000;
    let looks = 0;
    const port = await servedPort(listenerOf(standIn, { now: () => now }));
    Object.defineProperty(standIn, 'openPorts', {
      get: () => {
        looks += 1;
        now += 11_000;
        return [{ host: '127.0.0.1', port }];
      },
    });
    await until(() => looks > 2);
    expect(await reachability(port)).toBe('connected');
  });

  it('goes on after the vault could not be read', async () => {
    const first = listenerOf(createStandInBroker());
    const port = await servedPort(first);
    const standIn = createStandInBroker();
    let looks = 0;
    Object.defineProperty(standIn, 'openPorts', {
      get: () => {
        looks += 1;
        if (looks === 1) throw new Error('The vault is busy.');
        return [{ host: '127.0.0.1', port }];
      },
    });
    listenerOf(standIn).startTakeover();
    await first.close();
    await until(async () => (await reachability(port)) === 'connected');
    expect(looks).toBeGreaterThan(1);
  });

  it('looks less and less often while the vault cannot be opened, and each second again once it can', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const standIn = createStandInBroker();
      let looks = 0;
      let isLocked = true;
      Object.defineProperty(standIn, 'openPorts', {
        get: () => {
          looks += 1;
          if (isLocked) throw new Error('The keyring is locked.');
          return [];
        },
      });
      listenerOf(standIn).startTakeover();
      await vi.advanceTimersByTimeAsync(60_000);
      expect(looks).toBe(5);
      await vi.advanceTimersByTimeAsync(600_000);
      expect(looks).toBeLessThanOrEqual(16);
      isLocked = false;
      await vi.advanceTimersByTimeAsync(60_000);
      looks = 0;
      await vi.advanceTimersByTimeAsync(10_000);
      expect(looks).toBe(10);
    } finally {
      vi.useRealTimers();
    }
  });
});
