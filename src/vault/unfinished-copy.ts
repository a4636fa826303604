/** The row that marks a store into which a vault is being copied: until it is whole, nobody opens it. */
import { BrokerError } from '../core/errors.js';

/** No hashed key looks like this. */
export const UNFINISHED_COPY_KEY = 'unfinished-copy';

export function unfinishedCopy(): BrokerError {
  return new BrokerError('vault_unreadable', 'A vault is being copied into this store, and that is not finished.', {
    retryable: true,
    nextStep:
      'Tell the user to run "mcp-oauth-broker migrate" once more where the vault was; it goes on where it stopped.',
  });
}
