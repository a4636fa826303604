/**
 * Opens a session with a server that is a program. It is asked in the newer era first; a server of before that leaves
 * at a question it does not know is started once more and asked in its own.
 */

import { BrokerError } from '../core/errors.js';
import { SUBPROCESS_CONNECT_TIMEOUT_MS } from '../core/limits.js';
import { createCallTraces } from './call-traces.js';
import { createClient } from './client.js';
import { connectWithin } from './connect-within.js';
import { createSession, type Session } from './session.js';
import { startSubprocess } from './subprocess.js';
import { subprocessEnvironment } from './subprocess-environment.js';
import { SubprocessTransport } from './subprocess-transport.js';
import { translateError } from './translate-error.js';
import type { ConnectOptions, ProtocolEra, SubprocessTarget } from './types.js';

/**
 * Starts the program and opens a session with it; leaves nothing running where that fails.
 * @throws {BrokerError} `upstream_unreachable`, `upstream_protocol_error`; the signal's reason where the caller cancelled.
 */
export async function openSubprocessSession(target: SubprocessTarget, options: ConnectOptions): Promise<Session> {
  try {
    return await openInEra(target, options, options.priorEra);
  } catch (error) {
    if (!(error instanceof WrongEraError)) throw error;
    return openInEra(target, options, options.priorEra === 'legacy' ? undefined : 'legacy').catch((second: unknown) => {
      throw second instanceof WrongEraError ? second.failure : second;
    });
  }
}

/** The failure may be one of the era that the server was asked in. */
class WrongEraError extends Error {
  override readonly name = 'WrongEraError';
  constructor(readonly failure: Error) {
    super(failure.message);
  }
}

async function openInEra(
  target: SubprocessTarget,
  options: ConnectOptions,
  priorEra: ProtocolEra | undefined,
): Promise<Session> {
  const forgiveStart = target.starts.begin();
  const child = await startSubprocess(target, subprocessEnvironment(await target.environment()), options.log);
  const transport = new SubprocessTransport(child, options.log);
  const calls = createCallTraces();
  const client = createClient(options, calls);
  try {
    const timed = { timeoutMs: SUBPROCESS_CONNECT_TIMEOUT_MS, ...options };
    // An older server that keeps silent about the first question is asked the second one in time.
    await connectWithin(client, transport, timed, priorEra, timed.timeoutMs / 2);
  } catch (error) {
    options.signal?.throwIfAborted();
    const failure = transport.fault ?? translateError(error);
    throw mayBeWrongEra(failure, transport, priorEra) ? new WrongEraError(failure) : failure;
  }
  const endChild = async (): Promise<void> => {
    if (transport.fault === undefined) forgiveStart();
  };
  const session = createSession(client, 'stdio', calls, endChild, options);
  return {
    ...session,
    request: (method, params, requestOptions) =>
      session.request(method, params, requestOptions).catch((error: unknown) => {
        throw requestOptions?.signal?.aborted === true ? error : (transport.fault ?? error);
      }),
  };
}

function mayBeWrongEra(failure: Error, transport: SubprocessTransport, priorEra: ProtocolEra | undefined): boolean {
  if (!(failure instanceof BrokerError)) return false;
  // An older server may leave at `server/discover`; one that was renewed may refuse `initialize`.
  return priorEra === 'legacy' ? failure.code === 'upstream_protocol_error' : transport.fault?.retryable === true;
}
