/** A token request for a pending sign-in, whatever it is redeemed with: an authorization code or a device code. */
import { BrokerError } from '../core/errors.js';
import type { TokenOutcome, TokenRequest } from '../oauth/index.js';
import type { PendingAuthorization } from '../vault/index.js';
import { authenticatingClient } from './authenticating-client.js';
import { bindingOf } from './bound-token.js';
import type { Parts } from './parts.js';
import { askedEndpoints } from './provider-profile.js';

/**
 * A token endpoint that must not be asked is an outcome too, since the user is waiting for one; and so is a key of the
 * client's that cannot be read for now, by which nothing is sent.
 *
 * @param redeem sends what the request says and what it is made with
 */
export async function redeemPending(
  parts: Parts,
  pending: PendingAuthorization,
  redeem: (request: TokenRequest) => Promise<TokenOutcome>,
): Promise<TokenOutcome | BrokerError> {
  const client = await orRefusal(authenticatingClient(parts, pending.serverName, pending.client));
  if (client instanceof BrokerError) return unsent(parts, pending, client);
  return orRefusal(
    redeem({
      authorizationServer: askedEndpoints(pending.authorizationServer),
      client,
      resource: pending.resource,
      dpop: bindingOf(parts, pending.dpop),
      fetch: parts.network.guardedFetch(new URL(pending.serverUrl)),
    }),
  );
}

function unsent(parts: Parts, { serverName }: PendingAuthorization, { message }: BrokerError): TokenOutcome {
  parts.log.warn({ serverName }, message);
  return { kind: 'unavailable', message };
}

async function orRefusal<T>(work: Promise<T>): Promise<T | BrokerError> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof BrokerError) return error;
    throw error;
  }
}
