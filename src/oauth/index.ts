/** What the broker may use of the OAuth engine: each protocol step a function, without state and without a vault. */
export {
  type AuthorizationParameters,
  type AuthorizationRequest,
  type AuthorizationRequestOptions,
  assertPkce,
  authorizationUrlOf,
  createAuthorizationRequest,
} from './authorization-request.js';
export { type ExpectedResponse, validateAuthorizationResponse } from './authorization-response.js';
export { bearerChallenge, parseChallenges } from './challenge.js';
export type { TokenEndpoints } from './client-authentication.js';
export { parseClientKey } from './client-key.js';
export { type ClientMetadata, canUseMetadataDocument, clientMetadataDocument } from './client-metadata.js';
export {
  type ClientRegistrationOptions,
  type ClientRegistrationResult,
  registerClient,
} from './client-registration.js';
export {
  type DeviceAuthorization,
  type DeviceAuthorizationOptions,
  type DeviceCodeRedemption,
  offersDeviceFlow,
  redeemDeviceCode,
  requestDeviceAuthorization,
} from './device-authorization.js';
export {
  type DiscoverOptions,
  discover,
  discoverIssuer,
  discoverProvider,
  discoverTokenServer,
} from './discover.js';
export { type DpopDemand, dpopDemand } from './dpop-demand.js';
export { generateDpopKey, privateMembers } from './dpop-key.js';
export { asksForNonce, createDpopNonces } from './dpop-nonces.js';
export { createDpopProver } from './dpop-proof.js';
export { shownEndpoint } from './endpoint-url.js';
export { type IdentityAssertionRequest, requestIdentityAssertion } from './identity-assertion.js';
export { preflightAuthorization } from './preflight.js';
export { type AuthorizationPush, pushAuthorizationRequest } from './pushed-authorization-request.js';
export { registeredErrorOf } from './registered-errors.js';
export { deleteRegistration, type RegistrationDeletion } from './registration-management.js';
export { canonicalResource } from './resource.js';
export { revokeTokens, type TokenRevocation } from './revocation.js';
export { addedScope, type ScopeSelection, scopeUnion, selectScope } from './scope.js';
export {
  type CodeExchange,
  exchangeCode,
  refreshTokens,
  type TokenRefresh,
  type TokenRequest,
} from './token-request.js';
export type * from './types.js';
export {
  type AssertionTokenRequest,
  requestByAssertion,
  requestByClientCredentials,
  type UnattendedTokenRequest,
} from './unattended-grant.js';
