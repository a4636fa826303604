/** Slow, silent and many clients, and the one that matters. */
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { listenerOf, servedPort } from './listeners.js';
import { openSocket, send } from './requests.js';
import { createStandInBroker, FORM_TOKEN } from './stand-in-broker.js';

describe('T43 under a flood', () => {
  it('a real callback is answered within a second, beside 1,000 sockets and 100 stray requests', async () => {
    const standIn = createStandInBroker();
    const port = await servedPort(listenerOf(standIn));
    const sockets = await openSlowSockets(port, 1_000);
    const strays = Array.from({ length: 100 }, () => send({ port, path: '/favicon.ico' }));
    // The best of three: the machine may be busy with other things for one of them.
    const durations = [
      await durationOf(port, 'state-1', 200),
      await durationOf(port, 'used', 400),
      await durationOf(port, 'used', 400),
    ];
    expect(Math.min(...durations)).toBeLessThan(1_000);
    expect((await Promise.all(strays)).every((answer) => answer.status === 404)).toBe(true);
    for (const socket of sockets) socket.destroy();
  });

  it.each([
    ['says nothing', ''],
    ['never ends its headers', 'GET / HTTP/1.1\r\nHost: '],
  ])('a socket that %s is dropped after 5 seconds', async (_, beginning) => {
    const port = await servedPort(listenerOf(createStandInBroker()));
    const socket = await openSocket(port);
    const begunAt = performance.now();
    socket.write(beginning);
    socket.resume();
    await new Promise((resolve) => socket.on('close', resolve));
    expect(performance.now() - begunAt).toBeGreaterThan(4_000);
    expect(performance.now() - begunAt).toBeLessThan(15_000);
  });

  it('headers of more than 32 KiB are refused', async () => {
    const standIn = createStandInBroker();
    const port = await servedPort(listenerOf(standIn));
    const answer = await send({
      port,
      path: '/oauth/callback?state=state-1',
      headers: { cookie: `a=${'x'.repeat(33 * 1024)}` },
    });
    expect(answer.status).toBe(431);
    expect(standIn.calls.callbacks).toEqual([]);
  });

  it('closing does not wait for those who keep silent', async () => {
    const listener = listenerOf(createStandInBroker());
    const port = await servedPort(listener);
    const sockets = await Promise.all(Array.from({ length: 20 }, () => openSocket(port)));
    const begunAt = performance.now();
    await listener.close();
    expect(performance.now() - begunAt).toBeLessThan(900);
    for (const socket of sockets) socket.destroy();
  });
});

/** Sockets that say nothing, that never end their headers, and that never end their body. */
async function openSlowSockets(port: number, count: number): Promise<readonly Socket[]> {
  const head = `POST /connect/${FORM_TOKEN} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/x-www-form-urlencoded\r\n`;
  const beginnings = ['', 'GET /oauth/callback?code=', `${head}Content-Length: 1000\r\n\r\ncsrf=`];
  const sockets: Socket[] = [];
  for (let index = 0; index < count; index += 1) {
    const socket = await openSocket(port);
    socket.write(beginnings[index % beginnings.length] ?? '');
    sockets.push(socket);
  }
  return sockets;
}

/** Milliseconds until a callback with this state has its answer. */
async function durationOf(port: number, state: string, expectedStatus: number): Promise<number> {
  const begunAt = performance.now();
  const { status } = await send({ port, path: `/oauth/callback?code=c&state=${state}` });
  expect(status).toBe(expectedStatus);
  return performance.now() - begunAt;
}
