/** A proxy in front of a server on loopback, by which a test cuts, stalls or refuses its connections. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Breaks every connection there is. */
  cut(): void;
  /** From the next bytes of a client on: they reach the server, and its answer is lost together with the connection. */
  loseNextAnswer(): void;
  /**
   * Nothing of the connections that are open now gets through any more, and none of them ends. What is returned lets
   * through what their clients have sent meanwhile, however long ago those have given them up.
   */
  stall(): () => void;
  /** New connections are closed at once, until `admit`. */
  refuse(): void;
  admit(): void;
  close(): Promise<void>;
}

interface Pair {
  /** The client's and the server's. */
  readonly sockets: readonly [Socket, Socket];
  /** What the client has sent since it stalls. */
  late: Buffer[] | undefined;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let isRefusing = false;
  let isLosing = false;
  const server = createServer((client) => {
    client.on('error', () => undefined);
    if (isRefusing) {
      client.destroy();
      return;
    }
    const target = connect({ host: '127.0.0.1', port: targetPort });
    const pair: Pair = { sockets: [client, target], late: undefined };
    pairs.add(pair);
    const end = () => {
      if (pair.late !== undefined) return;
      pairs.delete(pair);
      for (const socket of pair.sockets) socket.destroy();
    };
    for (const socket of pair.sockets) socket.on('error', end).on('close', end);
    client.on('data', (bytes) => {
      if (pair.late !== undefined) {
        pair.late.push(bytes);
        return;
      }
      target.write(bytes);
      if (!isLosing) return;
      isLosing = false;
      target.removeListener('data', forward);
      target.once('data', end);
    });
    const forward = (bytes: Buffer) => {
      if (pair.late === undefined) client.write(bytes);
    };
    target.on('data', forward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const { sockets } of pairs) for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    loseNextAnswer() {
      isLosing = true;
    },
    stall() {
      const stalled = [...pairs].filter(({ late }) => late === undefined);
      for (const pair of stalled) pair.late = [];
      return () => {
        for (const { sockets, late } of stalled) for (const bytes of late?.splice(0) ?? []) sockets[1].write(bytes);
      };
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
