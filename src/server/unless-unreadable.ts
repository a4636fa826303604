/** What a host asks for unasked, before anybody has called anything, never fails for what a user has yet to mend. */
import { BrokerError } from '../core/errors.js';
import type { Log } from '../core/log.js';

/**
 * What `work` comes to; `otherwise`, and a line in the log, where the vault or the user's file cannot be read.
 * @param what cannot be had then, as the line says it.
 */
export async function unlessUnreadable<T>(log: Log, what: string, work: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    log.warn({ code: error.code, err: error }, `${what} cannot be listed`);
    return otherwise;
  }
}
