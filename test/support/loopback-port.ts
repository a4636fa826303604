/**
 * Ports of the loopback interface as a test meets them: free, reachable, or taken by a foreign program.
 */
import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { listenOnLoopback } from './loopback-http.js';

export interface ForeignProgram {
  readonly port: number;
  /** The paths that it was asked for, oldest first. */
  readonly paths: readonly string[];
  close(): Promise<void>;
}

/** Below what operating systems draw from, so that no other test's `listen(0)` takes it meanwhile. */
const [FIRST_PORT, END_PORT] = [12_000, 27_000];
const POLL_MS = 25;

/** A port that is free on both families, and that nobody draws. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, END_PORT);
    if ((await canBind(port, '127.0.0.1')) && (await canBind(port, '::1'))) return port;
  }
}

/** A web server that is none of ours: it answers everything with 200. */
export async function startForeignProgram(port: number): Promise<ForeignProgram> {
  const paths: string[] = [];
  const server = await listenOnLoopback((request, response) => {
    paths.push(request.url ?? '');
    response.end('Somebody else lives here.');
  }, port);
  return { port: server.port, paths, close: () => server.close() };
}

/** An attacker that takes a port of one address and counts who comes. */
export async function listenOn(
  port: number,
  address: string,
): Promise<{ connections(): number; close(): Promise<void> }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: address, exclusive: true }, resolve);
  });
  return { connections: () => connections, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** Whether somebody answers there. */
export function isListening(port: number, address = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Comes back when `condition` holds; the test's own time-out ends it otherwise. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(POLL_MS);
}

/** True where this machine has no such address at all: nobody can be in the way there. */
function canBind(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
