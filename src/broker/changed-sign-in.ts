/** Whether a call asks for another sign-in than the one that waits: then that one is replaced. */
import type { ClientConfiguration, PendingAuthorization } from '../vault/index.js';
import { SUGGESTED_CLIENT_ID } from './client-selection.js';
import { namesOtherEndpoints } from './form-endpoints.js';
import type { Given } from './kept-configuration.js';
import type { KnownServer } from './known-server.js';

/** `configuration` is what is kept with what this call gives. What is said again changes nothing. */
export function changesSignIn(
  pending: PendingAuthorization,
  server: KnownServer,
  given: Given,
  configuration: ClientConfiguration | undefined,
): boolean {
  // A device code was our own choice only where nobody named a redirect URI.
  const isOurDeviceFlow = pending.flow === 'device' && configuration?.flow === undefined;
  const redirectChanged =
    given.redirectUri !== undefined && (isOurDeviceFlow || given.redirectUri !== pending.redirectUri);
  const flowChanged = given.flow !== undefined && given.flow !== pending.flow;
  return (
    clientChanged(pending, given, configuration) ||
    redirectChanged ||
    namesOtherScope(pending, given.scope) ||
    flowChanged ||
    namesOtherEndpoints(pending, server, configuration) ||
    fileChanged(pending, server)
  );
}

/** Not where the caller repeats the scope that was kept already: a step-up or a refusal led to the one that is asked for. */
export function namesOtherScope(pending: PendingAuthorization, scope: string | undefined): boolean {
  return scope !== undefined && scope !== (pending.scope ?? '') && scope !== pending.callersScope;
}

function clientChanged(
  pending: PendingAuthorization,
  given: Given,
  configuration: ClientConfiguration | undefined,
): boolean {
  const isForOtherIssuer =
    configuration?.issuer !== undefined && configuration.issuer !== pending.authorizationServer.issuer;
  if (isForOtherIssuer) return false;
  const { origin, clientId, clientSecret } = pending.client;
  const secretChanged = given.clientSecret !== undefined && given.clientSecret !== clientSecret;
  if (given.clientId === undefined || secretChanged) return secretChanged;
  const meansRegister =
    configuration?.clientId === SUGGESTED_CLIENT_ID &&
    configuration.clientSecret === undefined &&
    origin !== 'configured';
  return meansRegister ? origin !== 'registered' && origin !== 'metadata_document' : given.clientId !== clientId;
}

function fileChanged(pending: PendingAuthorization, server: KnownServer): boolean {
  const { clientId, redirectUri, grantType } = server.entry.oauth;
  return (
    (grantType === 'device_code' && pending.flow !== 'device') ||
    (clientId !== undefined && clientId !== pending.client.clientId) ||
    (redirectUri !== undefined && redirectUri !== pending.redirectUri) ||
    pending.serverUrl !== server.entry.url
  );
}
