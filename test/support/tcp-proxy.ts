/** A proxy in front of a server on loopback, by which a test cuts, stalls or refuses its connections. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Breaks every connection there is. */
  cut(): void;
  /** From the next bytes of a client on: they reach the server, and its answer is lost together with the connection. */
  loseNextAnswer(): void;
  /** Nothing of the connections that are open now gets through any more, and none of them ends. */
  stall(): void;
  /** New connections are closed at once, until `admit`. */
  refuse(): void;
  admit(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isRefusing = false;
  let isLosing = false;
  const server = createServer((client) => {
    client.on('error', () => undefined);
    if (isRefusing) {
      client.destroy();
      return;
    }
    const target = connect({ host: '127.0.0.1', port: targetPort });
    const pair = [client, target] as const;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.on('error', end).on('close', end);
    client.on('data', (bytes) => {
      target.write(bytes);
      if (!isLosing) return;
      isLosing = false;
      target.removeListener('data', forward);
      target.once('data', end);
    });
    const forward = (bytes: Buffer) => client.write(bytes);
    target.on('data', forward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    loseNextAnswer() {
      isLosing = true;
    },
    stall() {
      for (const pair of pairs) for (const socket of pair) socket.removeAllListeners('data').pause();
    },
    refuse() {
      isRefusing = true;
      cut();
    },
    admit() {
      isRefusing = false;
    },
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
