/** Requests to the listener as a browser, a hostile page or a bare socket would make them, every header of our choice. */
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly port: number;
  readonly path: string;
  readonly address?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One request on a connection of its own. `Host` is the address and port asked, unless given. */
export function send(ask: Ask): Promise<Answer> {
  const address = ask.address ?? '127.0.0.1';
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: address,
        port: ask.port,
        path: ask.path,
        method: ask.method ?? 'GET',
        headers: { host: `${address.includes(':') ? `[${address}]` : address}:${ask.port}`, ...ask.headers },
        agent: false,
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(ask.body);
  });
}

/** A connected bare socket that swallows its errors: a listener may drop it at any time. */
export function openSocket(port: number, address = '127.0.0.1'): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, address, () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve(socket);
    });
    socket.on('error', reject);
  });
}

/** Why `address`:`port` cannot be connected to, or `connected`. */
export async function reachability(port: number, address = '127.0.0.1'): Promise<string> {
  try {
    (await openSocket(port, address)).destroy();
    return 'connected';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'failed';
  }
}

/** Comes back when `condition` holds; the test's own time-out ends it otherwise. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(25);
}
