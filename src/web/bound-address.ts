/**
 * One address and port of the loopback interface, bound by this process: the HTTP server with its limits,
 * the `Host` check in front of everything, and an end that lets an answer in flight finish.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import {
  LISTENER_CLOSE_TIMEOUT_MS,
  LISTENER_CONNECTIONS_MAX,
  LISTENER_HEADERS_MAX_BYTES,
  LISTENER_HEADERS_TIMEOUT_MS,
  LISTENER_REQUEST_TIMEOUT_MS,
} from '../core/limits.js';
import { type ConnectionLimit, limitConnections } from './connection-limit.js';
import { allowedAuthorities, type LoopbackAddress } from './loopback-address.js';
import { SECURITY_HEADERS } from './security-headers.js';

export interface BoundAddress {
  readonly address: LoopbackAddress;
  readonly port: number;
  /** True while a request is being answered. */
  readonly busy: boolean;
  /** Frees the port at once; answers in flight have LISTENER_CLOSE_TIMEOUT_MS to end. */
  close(): Promise<void>;
}

export type Binding =
  | { readonly kind: 'bound'; readonly bound: BoundAddress }
  | { readonly kind: 'in_use' }
  /** The machine has no such address, or forbids this port to us. */
  | { readonly kind: 'unavailable'; readonly code: string };

/** Binds exactly `address`:`port` (0: a free port) and answers with `respond` what passes the `Host` check. */
export async function bindAddress(address: LoopbackAddress, port: number, respond: RequestListener): Promise<Binding> {
  const server = createServer({
    headersTimeout: LISTENER_HEADERS_TIMEOUT_MS,
    requestTimeout: LISTENER_REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: 500,
    maxHeaderSize: LISTENER_HEADERS_MAX_BYTES,
    keepAlive: false,
  });
  server.maxRequestsPerSocket = 1;
  const connections = limitConnections(server, LISTENER_CONNECTIONS_MAX);
  try {
    await listen(server, address, port);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return code === 'EADDRINUSE' ? { kind: 'in_use' } : { kind: 'unavailable', code };
  }
  const bound = server.address();
  if (bound === null || typeof bound === 'string')
    throw new TypeError('A listening TCP server has an address and a port.');
  server.on('request', withHostCheck(allowedAuthorities(address, bound.port), respond));
  return {
    kind: 'bound',
    bound: {
      address,
      port: bound.port,
      get busy() {
        return connections.answering > 0;
      },
      close: () => closeServer(server, connections),
    },
  };
}

function listen(server: Server, address: LoopbackAddress, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port, ipv6Only: address === '::1', exclusive: true }, () => {
      server.off('error', reject);
      // A failing accept (no file descriptors left) loses that connection, not the process.
      server.on('error', () => {});
      server.unref();
      resolve();
    });
  });
}

/**
 * Refuses a request whose `Host` is not the address it arrived at (DNS rebinding), and one that names its
 * target by an absolute URL, before anything else of it is looked at.
 */
function withHostCheck(authorities: ReadonlySet<string>, respond: RequestListener): RequestListener {
  return (request, response) => {
    const [host = '', ...others] = request.headersDistinct['host'] ?? [];
    if (others.length === 0 && authorities.has(host) && request.url?.startsWith('/')) {
      respond(request, response);
      return;
    }
    response.writeHead(403, { ...SECURITY_HEADERS, 'content-type': 'text/plain; charset=utf-8' }).end('Forbidden\n');
  };
}

function closeServer(server: Server, connections: ConnectionLimit): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), LISTENER_CLOSE_TIMEOUT_MS);
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
    connections.dropIdle();
  });
}
