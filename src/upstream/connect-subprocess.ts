/** Connects to a server that is a program of this machine; a process that ended is started anew by the next use. */
import { createConnection } from './connection.js';
import type { ConnectOptions, SubprocessTarget, UpstreamConnection } from './types.js';

/**
 * Starts the program; the handshake is done when this resolves, and processes that are started later use `target` again.
 * @throws {BrokerError} `upstream_unreachable` (not retryable where the program cannot be started), `upstream_protocol_error`.
 */
export async function connectSubprocess(
  target: SubprocessTarget,
  options: ConnectOptions,
): Promise<UpstreamConnection> {
  const { signal: _signal, priorEra: _priorEra, ...lasting } = options;
  const { openSubprocessSession } = await import('./subprocess-session.js');
  let next: ConnectOptions = options;
  const open = async (): ReturnType<typeof openSubprocessSession> => {
    const session = await openSubprocessSession(target, next);
    next = { ...lasting, priorEra: session.era };
    return session;
  };
  return createConnection(open, lasting);
}
