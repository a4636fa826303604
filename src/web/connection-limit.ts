/**
 * Keeps a flood of slow or silent sockets from shutting a real callback out: when there are too many,
 * the oldest that has not asked for anything yet makes room, instead of the newest being turned away.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimit {
  /** Requests being answered now. */
  readonly answering: number;
  /** Drops every connection that is not being answered. */
  dropIdle(): void;
}

/** Bounds the connections of `server` to `maxConnections`, for as long as it lives. */
export function limitConnections(server: Server, maxConnections: number): ConnectionLimit {
  /** In the order of arrival. */
  const waiting = new Set<Socket>();
  const answering = new Set<Socket>();

  server.on('connection', (socket: Socket) => {
    // The process lives for its host or its command, never for a browser that keeps a socket open.
    socket.unref();
    waiting.add(socket);
    socket.on('close', () => {
      waiting.delete(socket);
      answering.delete(socket);
    });
    if (waiting.size + answering.size <= maxConnections) return;
    const [oldest = socket] = waiting;
    waiting.delete(oldest);
    oldest.destroy();
  });

  server.on('request', (request, response) => {
    const { socket } = request;
    // A body that trickles in is still waiting; a request that is whole is being answered.
    const promote = (): void => {
      if (waiting.delete(socket)) answering.add(socket);
    };
    if (request.method === 'GET') promote();
    else request.on('end', promote);
    response.on('close', () => answering.delete(socket));
  });

  return {
    get answering() {
      return answering.size;
    },
    dropIdle() {
      for (const socket of waiting) socket.destroy();
    },
  };
}
