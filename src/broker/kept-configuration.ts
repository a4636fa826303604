/**
 * What a call or form gave for a server (client, redirect URI, scope, kind, flow): checked against the user's
 * file and kept until `clear_mcp_auth`. An argument that is left out means the kept value.
 */
import { BrokerError } from '../core/errors.js';
import { CLIENT_ID_MAX_LENGTH, SCOPE_MAX_LENGTH, TOKEN_MAX_LENGTH } from '../core/limits.js';
import { rememberSecret } from '../core/redaction.js';
import type { ClientConfiguration } from '../vault/index.js';
import type { ConnectArguments } from './broker.js';
import { type KnownServer, refuseOtherUrl } from './known-server.js';
import type { Parts } from './parts.js';
import { checkRedirectUri } from './redirect-uri.js';
import { unattendedGrantType } from './unattended-grant.js';

/** What of a call's arguments is kept. */
export type Given = Pick<ConnectArguments, 'clientId' | 'clientSecret' | 'redirectUri' | 'scope' | 'authType' | 'flow'>;

/** Printable ASCII without quote and backslash, tokens separated by one space (RFC 6749 section 3.3). */
const SCOPE_PATTERN = /^(?:[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*)?$/u;
/** VSCHAR (RFC 6749 appendix A.1, A.2). */
const VISIBLE_PATTERN = /^[\x20-\x7e]+$/u;

/**
 * The kept configuration with what this call gives, written where that changes it.
 * @throws {BrokerError} `invalid_input`, `redirect_not_allowed`, `server_url_mismatch`.
 */
export async function keepConfiguration(
  parts: Parts,
  server: KnownServer,
  given: Given,
): Promise<ClientConfiguration | undefined> {
  checkForm(given);
  checkAgainstFile(server, given);
  if (given.redirectUri !== undefined) await checkRedirectUri(parts, given.redirectUri, server.entry.oauth.redirectUri);
  const vault = await parts.vault();
  const id = server.id.slice(0, -1);
  const kept = (await vault.configurations.get(id))?.value;
  if (kept !== undefined) refuseOtherUrl(server, kept.serverUrl);
  if (given.clientSecret !== undefined && given.clientId === undefined && kept?.clientId === undefined)
    throw new BrokerError('invalid_input', 'clientSecret belongs to a client: give its clientId as well.');
  if (!givesAnything(given)) return kept;
  const configuration = await vault.configurations.update(id, (current) => merged(server, current, given));
  return configuration === undefined || !bringsWholeClient(configuration, given)
    ? configuration
    : withoutIssuer(configuration);
}

/**
 * A client that this call names once more may be used at another issuer than the one it is bound to, by this call:
 * the sign-in that begins binds it anew. A kept secret is not taken along by the client id alone.
 */
function bringsWholeClient(configuration: ClientConfiguration, given: Given): boolean {
  return given.clientSecret !== undefined || (given.clientId !== undefined && configuration.clientSecret === undefined);
}

function withoutIssuer(configuration: ClientConfiguration): ClientConfiguration {
  const { issuer: _issuer, ...unbound } = configuration;
  return unbound;
}

/** A flow that the authorization server does not have was no choice: the next call that names none has the default. */
export async function forgetFlow(parts: Parts, server: KnownServer): Promise<void> {
  const vault = await parts.vault();
  await vault.configurations.update(server.id.slice(0, -1), (current) => {
    const { flow: _flow, ...rest } = current ?? unconfigured(server);
    return rest;
  });
}

/** The user sent the form, left as it was shown or not: they need not be asked again. */
export async function confirmConfiguration(parts: Parts, server: KnownServer): Promise<void> {
  const vault = await parts.vault();
  await vault.configurations.update(server.id.slice(0, -1), (current) => ({
    ...(current ?? unconfigured(server)),
    confirmed: true,
  }));
}

function checkForm(given: Given): void {
  checkText('clientId', given.clientId, CLIENT_ID_MAX_LENGTH, VISIBLE_PATTERN);
  checkText('clientSecret', given.clientSecret, TOKEN_MAX_LENGTH, VISIBLE_PATTERN);
  checkText('scope', given.scope, SCOPE_MAX_LENGTH, SCOPE_PATTERN);
}

function checkText(name: string, value: string | undefined, maxLength: number, pattern: RegExp): void {
  if (value === undefined || (value.length <= maxLength && pattern.test(value))) return;
  throw new BrokerError(
    'invalid_input',
    `${name} is empty, too long or holds characters that RFC 6749 does not allow.`,
  );
}

/** Where the user's file fixes a value, a contradicting argument is refused rather than ignored. */
function checkAgainstFile(server: KnownServer, given: Given): void {
  const { oauth, auth, source } = server.entry;
  refuseContradiction('clientId', oauth.clientId, given.clientId);
  refuseContradiction('scope', oauth.scope, given.scope);
  refuseContradiction('redirectUri', oauth.redirectUri, given.redirectUri);
  if (unattendedGrantType(server.entry) !== undefined) refuseChoices(server, given);
  if (given.flow !== undefined) refuseContradiction('flow', grantTypeOf(given.flow), oauth.grantType);
  if (source === 'user' && auth !== 'auto' && given.authType !== 'auto')
    refuseContradiction('authType', auth, given.authType);
  if (oauth.clientId !== undefined && given.clientSecret !== undefined) {
    throw new BrokerError(
      'invalid_input',
      "The user's servers.json fixes the client of this server: clientSecret cannot be given here.",
    );
  }
}

/** How a token is got without a user is for the user's file alone: a call could otherwise widen what it may do. */
function refuseChoices({ entry: { oauth } }: KnownServer, given: Given): void {
  const { clientId, clientSecret, scope, redirectUri, authType } = given;
  const isKind = authType === undefined || authType === 'auto' || authType === 'oauth2';
  const isAsFixed = (clientId ?? oauth.clientId) === oauth.clientId && (scope ?? oauth.scope) === oauth.scope;
  if (isKind && isAsFixed && clientSecret === undefined && redirectUri === undefined) return;
  throw new BrokerError(
    'invalid_input',
    `The user's servers.json says how the tokens of this server are got (oauth.grantType "${oauth.grantType}"): a call cannot choose client, scope or kind.`,
  );
}

function grantTypeOf(flow: NonNullable<Given['flow']>): string {
  return flow === 'device' ? 'device_code' : 'authorization_code';
}

function refuseContradiction(name: string, fixed: string | undefined, given: string | undefined): void {
  if (fixed === undefined || given === undefined || fixed === given) return;
  throw new BrokerError(
    'invalid_input',
    `${name} contradicts the user's servers.json, which fixes it for this server.`,
  );
}

function givesAnything(given: Given): boolean {
  return [given.clientId, given.clientSecret, given.redirectUri, given.scope, given.authType, given.flow].some(
    (value) => value !== undefined,
  );
}

function merged(server: KnownServer, current: ClientConfiguration | undefined, given: Given): ClientConfiguration {
  if (given.clientSecret !== undefined) rememberSecret(given.clientSecret);
  const kept = current ?? unconfigured(server);
  const isOtherClient = given.clientId !== undefined && given.clientId !== kept.clientId;
  const isOtherSecret = given.clientSecret !== undefined && given.clientSecret !== kept.clientSecret;
  const { clientSecret: _secret, ...withoutSecret } = kept;
  const client = isOtherClient ? withoutSecret : kept;
  const before = isOtherClient || isOtherSecret ? withoutIssuer(client) : client;
  const confirms = given.clientId !== undefined || given.redirectUri !== undefined || given.scope !== undefined;
  return {
    ...before,
    ...(given.clientId !== undefined && { clientId: given.clientId }),
    ...(given.clientSecret !== undefined && { clientSecret: given.clientSecret }),
    ...(given.redirectUri !== undefined && { redirectUri: given.redirectUri }),
    ...(given.scope !== undefined && { scope: given.scope }),
    ...(given.authType !== undefined && { authType: given.authType }),
    ...(given.flow !== undefined && { flow: given.flow }),
    confirmed: before.confirmed || confirms,
  };
}

export function unconfigured(server: KnownServer): ClientConfiguration {
  return { owner: server.owner, serverName: server.entry.serverName, serverUrl: server.entry.url, confirmed: false };
}
