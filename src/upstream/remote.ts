/** Connects to a remote MCP server, over whichever transport and in whichever era it speaks. */
import { createConnection } from './connection.js';
import type { ConnectOptions, RemoteTarget, UpstreamConnection } from './types.js';

/**
 * Connects; the handshake is done when this resolves, and sessions that begin later use `target` again.
 * @throws {RefusedError} 401 or 403.
 * @throws {BrokerError} `upstream_unreachable` (retryable), `upstream_protocol_error`, or `url_not_allowed` for a server that leads elsewhere.
 */
export async function connectRemote(target: RemoteTarget, options: ConnectOptions): Promise<UpstreamConnection> {
  const { signal: _signal, priorEra: _priorEra, ...lasting } = options;
  const { openRemoteSession } = await import('./remote-session.js');
  let next: ConnectOptions = options;
  const open = async (): ReturnType<typeof openRemoteSession> => {
    const session = await openRemoteSession(target, next);
    // The caller's signal was for connecting; a later session is known by the one before it.
    next = { ...lasting, priorEra: session.era };
    return session;
  };
  return createConnection(open, lasting);
}
