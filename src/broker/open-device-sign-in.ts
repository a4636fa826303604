/**
 * Opens a sign-in by device code (RFC 8628): the codes, and the pending record with which any broker process of this
 * vault can ask for the tokens. The user may sign in on any device; nothing comes back to this machine.
 */
import { BrokerError } from '../core/errors.js';
import { rememberSecret } from '../core/redaction.js';
import { type DeviceAuthorization, requestDeviceAuthorization } from '../oauth/index.js';
import type { ClientConfiguration, PendingAuthorization, SignInFailure } from '../vault/index.js';
import { authenticatingClient } from './authenticating-client.js';
import { newBinding } from './bound-token.js';
import { followDeviceCode } from './device-polling.js';
import { forgetFlow } from './kept-configuration.js';
import type { KnownServer } from './known-server.js';
import { STEP_OTHER_FLOW } from './next-steps.js';
import {
  type OpenedSignIn,
  purposeOfPending,
  resourceToAsk,
  type SignInChoice,
  type SignInPurpose,
  storePending,
} from './open-sign-in.js';
import type { Parts } from './parts.js';
import { signInRequired } from './payloads.js';
import { randomToken } from './random-token.js';
import { failureOfRejection } from './sign-in-failure.js';

type Codes = Extract<DeviceAuthorization, { kind: 'codes' }>;

/**
 * @throws {BrokerError} `invalid_input` where there is no device flow; `discovery_failed` where its endpoint does not
 *   answer (retryable) or not with codes; `insecure_url`, `url_not_allowed` for where the user would be sent.
 */
export async function openDeviceSignIn(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  purpose: SignInPurpose,
  use: SignInChoice,
): Promise<OpenedSignIn> {
  const codes = await attempt(parts, server, purpose, use);
  if (codes instanceof BrokerError) {
    // The browser may do what the device flow cannot, and nobody asked for this one.
    if (purpose.flowIsOurs !== true) {
      if (codes.code === 'invalid_input' && configuration?.flow === 'device') await forgetFlow(parts, server);
      throw codes;
    }
    return { kind: 'refused', failure: { code: 'authorization_failed', retryable: false, message: codes.message } };
  }
  if (codes.kind === 'rejected') return refusedCodes(purpose, failureOfRejection(codes.error));
  rememberSecret(codes.deviceCode);
  const dpop = await newBinding(purpose.dpop);
  const pending = { ...pendingRecord(parts, server, configuration, purpose, use, codes), ...(dpop && { dpop }) };
  await storePending(parts, server, pending, purpose.operation);
  followDeviceCode(parts, server.id, codes.userCode);
  return { kind: 'opened', payload: signInRequired(pending, undefined) };
}

/** The codes, with a page that the user may be sent to; or why there are none. */
async function attempt(
  parts: Parts,
  server: KnownServer,
  purpose: SignInPurpose,
  use: SignInChoice,
): Promise<Codes | Extract<DeviceAuthorization, { kind: 'rejected' }> | BrokerError> {
  const serverUrl = new URL(server.entry.url);
  try {
    const answer = await requestDeviceAuthorization({
      authorizationServer: purpose.discovery.authorizationServer,
      client: await authenticatingClient(parts, server.entry.serverName, use.client),
      scope: use.scope,
      resource: resourceToAsk(server, purpose),
      extraParameters: server.entry.oauth.authorizationParams,
      fetch: parts.network.guardedFetch(serverUrl),
    });
    if (answer.kind === 'codes') await parts.network.checkBrowserUrl(answer.verificationUri, serverUrl);
    return answer.kind === 'codes' || answer.kind === 'rejected' ? answer : noCodes(answer);
  } catch (error) {
    if (error instanceof BrokerError) return error;
    throw error;
  }
}

function pendingRecord(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  purpose: SignInPurpose,
  use: SignInChoice,
  codes: Codes,
): PendingAuthorization {
  const { tokenEndpointAuthMethod = use.client.tokenEndpointAuthMethod } = codes;
  const client = { ...use.client, tokenEndpointAuthMethod };
  const now = parts.clock.now();
  return {
    ...purposeOfPending(parts, server, configuration, purpose, { ...use, client }),
    // Tells this sign-in from the next one; no browser ever brings it back.
    state: randomToken(),
    codeVerifier: '',
    authorizationUrl: codes.verificationUri,
    device: {
      deviceCode: codes.deviceCode,
      userCode: codes.userCode,
      intervalSeconds: codes.intervalSeconds,
      nextPollAt: now + codes.intervalSeconds * 1_000,
    },
    expiresAt: now + codes.expiresInSeconds * 1_000,
  };
}

/** What nothing but another flow can mend is said so; what is about client, scope or user is for whoever mends that. */
function refusedCodes(
  { flowIsOurs }: SignInPurpose,
  failure: SignInFailure,
): Extract<OpenedSignIn, { kind: 'refused' }> {
  if (failure.code !== 'authorization_failed' || flowIsOurs === true) return { kind: 'refused', failure };
  throw new BrokerError(failure.code, 'The authorization server gives no device code to this client.', {
    retryable: failure.retryable,
    nextStep: STEP_OTHER_FLOW,
  });
}

function noCodes(answer: Exclude<DeviceAuthorization, { kind: 'codes' | 'rejected' }>): BrokerError {
  switch (answer.kind) {
    case 'not_offered':
      return new BrokerError(
        'invalid_input',
        'The authorization server of this server does not offer the device flow.',
        {
          nextStep: STEP_OTHER_FLOW,
        },
      );
    case 'unavailable':
      return new BrokerError('discovery_failed', 'The device authorization endpoint did not answer.', {
        retryable: true,
        ...(answer.retryAfterSeconds !== undefined && { retryAfterSeconds: answer.retryAfterSeconds }),
      });
    case 'malformed':
      return new BrokerError('discovery_failed', 'The device authorization endpoint gave no usable codes.', {
        nextStep: STEP_OTHER_FLOW,
      });
  }
}
