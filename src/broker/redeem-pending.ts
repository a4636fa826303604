/** A token request for a pending sign-in, whatever it is redeemed with: an authorization code or a device code. */
import { BrokerError } from '../core/errors.js';
import type { TokenOutcome, TokenRequest } from '../oauth/index.js';
import type { PendingAuthorization } from '../vault/index.js';
import { authenticatingClient } from './authenticating-client.js';
import { bindingOf } from './bound-token.js';
import type { Parts } from './parts.js';
import { askedEndpoints } from './provider-profile.js';

/**
 * A token endpoint that must not be asked is an outcome too, since the user is waiting for one.
 *
 * @param redeem sends what the request says and what it is made with
 */
export async function redeemPending(
  parts: Parts,
  pending: PendingAuthorization,
  redeem: (request: TokenRequest) => Promise<TokenOutcome>,
): Promise<TokenOutcome | BrokerError> {
  try {
    return await redeem({
      authorizationServer: askedEndpoints(pending.authorizationServer),
      client: await authenticatingClient(parts, pending.serverName, pending.client),
      resource: pending.resource,
      dpop: bindingOf(parts, pending.dpop),
      fetch: parts.network.guardedFetch(new URL(pending.serverUrl)),
    });
  } catch (error) {
    if (error instanceof BrokerError) return error;
    throw error;
  }
}
