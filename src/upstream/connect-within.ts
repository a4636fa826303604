/** Connects an SDK client over a transport, within the time allowed and no longer than the caller wants it. */
import type { Client, Transport } from '@modelcontextprotocol/client';
import { UPSTREAM_CONNECT_TIMEOUT_MS } from '../core/limits.js';
import { unreachable } from './answers.js';
import type { ConnectOptions, ProtocolEra } from './types.js';

/**
 * Leaves nothing open where it fails.
 * @param answerTimeoutMs how long one question may go unanswered. Default as long as all of it may take.
 * @throws what the SDK does; BrokerError `upstream_unreachable` when the time is over, the signal's reason where the caller cancelled.
 */
export async function connectWithin(
  client: Client,
  transport: Transport,
  { signal, timeoutMs = UPSTREAM_CONNECT_TIMEOUT_MS }: Pick<ConnectOptions, 'signal' | 'timeoutMs'>,
  priorEra: ProtocolEra | undefined,
  answerTimeoutMs = timeoutMs,
): Promise<void> {
  let stop: () => void = () => {};
  const stopped = new Promise<never>((_resolve, reject) => {
    const timer = setTimeout(() => reject(unreachable(new Error(`no connection within ${timeoutMs} ms`))), timeoutMs);
    const onAbort = (): void => reject(signal?.reason as Error);
    signal?.addEventListener('abort', onAbort, { once: true });
    stop = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
  });
  try {
    signal?.throwIfAborted();
    const prior = priorEra === 'legacy' ? { prior: { kind: 'legacy' as const } } : {};
    await Promise.race([client.connect(transport, { timeout: answerTimeoutMs, ...prior }), stopped]);
  } catch (error) {
    await transport.close().catch(() => {});
    throw error;
  } finally {
    stop();
  }
}
