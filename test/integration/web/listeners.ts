/** Listeners of one test file, closed when their test ends. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket, Server as TcpServer } from 'node:net';
import { afterEach } from 'vitest';
import type { Clock } from '../../../src/core/clock.js';
import { silentLog } from '../../../src/core/log.js';
import { createLoopbackListener, type TakeoverListener } from '../../../src/web/index.js';
import type { StandInBroker } from './stand-in-broker.js';

/** Nothing is let go of because time has passed, unless a test brings a clock of its own. */
const STILL: Clock = { now: () => 1_000_000 };

const endings: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(endings.splice(0).map((end) => end()));
});

export function listenerOf(standIn: StandInBroker, clock: Clock = STILL): TakeoverListener {
  const listener = createLoopbackListener({ broker: standIn.broker, clock, log: silentLog });
  endings.push(() => listener.close());
  return listener;
}

/** The port of a listener that serves `host` on a free port. */
export async function servedPort(
  listener: TakeoverListener,
  host: '127.0.0.1' | 'localhost' | '::1' = '127.0.0.1',
): Promise<number> {
  const served = await listener.serve({ host, port: 0 });
  if (served.kind !== 'serving') throw new Error('No free port was served.');
  return served.port;
}

/** A program that is not ours, on a port of its own. */
export async function foreignServer(
  respond: RequestListener,
  at: { address?: string; port?: number } = {},
): Promise<number> {
  return listenUntilEnd(createServer(respond), at);
}

export async function listenUntilEnd(
  server: Server | TcpServer,
  at: { address?: string; port?: number } = {},
): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port ?? 0, at.address ?? '127.0.0.1', resolve);
  });
  endings.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        for (const socket of sockets) socket.destroy();
      }),
  );
  return (server.address() as AddressInfo).port;
}
