/** What is said of a store on another machine, whichever it is. */
import { BrokerError } from '../core/errors.js';

/** The store belongs to a later version of ours. */
export function newerStore(): BrokerError {
  return new BrokerError(
    'vault_unreadable',
    'The vault was made by a newer version of the broker. It was left as it is.',
    { nextStep: 'Tell the user to update mcp-oauth-broker.' },
  );
}

/** @param message what happened, without anything of the address. */
export function unreadableStore(message: string, cause?: unknown): BrokerError {
  return new BrokerError('vault_unreadable', message, {
    cause,
    nextStep: 'Tell the user to correct MCP_OAUTH_STORE or that server; the vault was left as it is.',
  });
}

/** @param server `Redis` or `Postgres`. */
export function fullStore(server: string, cause: unknown): BrokerError {
  return new BrokerError('vault_unreadable', `The ${server} server cannot write: its memory or disk is full.`, {
    cause,
    retryable: true,
  });
}
