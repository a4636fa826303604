/** The answer of a token endpoint: rebuilt so that the library can read it, then checked by us on the parsed value. */
import * as oauth from 'oauth4webapi';
import { TOKEN_MAX_LENGTH } from '../core/limits.js';
import type { GuardedResponse } from '../core/outbound.js';
import { retryAfterSeconds } from '../core/retry-after.js';
import { parseChallenges } from './challenge.js';
import { isJsonObject, type JsonObject, strictJsonObjectOf, withoutNulls } from './json-answer.js';
import { jsonResponse } from './library-request.js';
import { lifetimeSeconds, scopeOf } from './token-members.js';
import { isTransientStatus, tokenOutcomeOfError } from './translate-error.js';
import type { TokenEndpointQuirks, TokenOutcome, TokenSet } from './types.js';

/** Registered names for what some providers call otherwise (GitHub, Slack and Microsoft, by their own documentation). */
const ERROR_NAMES: Readonly<Record<string, string>> = {
  incorrect_client_credentials: 'invalid_client',
  bad_verification_code: 'invalid_grant',
  incorrect_device_code: 'invalid_grant',
  authorization_declined: 'access_denied',
  bad_refresh_token: 'invalid_grant',
  bad_client_secret: 'invalid_client',
  invalid_client_id: 'invalid_client',
  invalid_code: 'invalid_grant',
  code_already_used: 'invalid_grant',
  invalid_refresh_token: 'invalid_grant',
};
const ERROR_NAME = /^[A-Za-z0-9_.:/-]{1,100}$/u;
/** A header takes nothing else; what does not fit is refused here, since Node's own error would quote the token (T48). */
const VISIBLE_ASCII = /^[\x21-\x7e]+$/u;

/**
 * Rebuilds what came back: status 200 or an error status, JSON, no nulls, no `id_token` that nobody verifies.
 * A body that is no such thing is left out, and `validateTokenResponse` then calls the answer malformed.
 *
 * @param quirks - of the provider that was asked, where it is a known one
 */
export function rebuildTokenResponse(answer: GuardedResponse, quirks: TokenEndpointQuirks = {}): Response {
  const retryAfter = answer.headers.get('retry-after');
  if (isTransientStatus(answer.status)) {
    return jsonResponse(answer.status, undefined, retryAfter === null ? {} : { 'retry-after': retryAfter });
  }
  const body = bodyOf(answer);
  const isSuccess = answer.status === 200 || answer.status === 201;
  if (body?.error !== undefined) return jsonResponse(isSuccess ? 400 : answer.status, errorBody(body.error, quirks));
  if (isSuccess) return jsonResponse(200, body === undefined ? undefined : tokenBody(body, quirks));
  if (answer.status === 401 && refusesBasic(answer)) return jsonResponse(401, { error: 'invalid_client' });
  return jsonResponse(answer.status, undefined);
}

/**
 * Validates a rebuilt answer.
 *
 * @param response - of `rebuildTokenResponse`
 * @param tokenTypes - those that were asked for; one that is not stated is `Bearer`
 * @returns `rejected` only for a parsed OAuth error; `unavailable` for 5xx, 429 and the like; `malformed` for
 *   any other answer that holds no usable token of one of `tokenTypes`
 * @see RFC 6749 sections 5.1, 5.2 and 7.1
 */
export async function validateTokenResponse(
  server: oauth.AuthorizationServer,
  client: oauth.Client,
  response: Response,
  tokenTypes: readonly TokenSet['tokenType'][] = ['Bearer'],
): Promise<TokenOutcome> {
  if (isTransientStatus(response.status)) return unavailable(response);
  if (response.status >= 300 && response.status < 400)
    return malformed('The token endpoint answered with a redirect, which is not followed.');
  let answered: oauth.TokenEndpointResponse;
  try {
    answered = await oauth.processGenericTokenEndpointResponse(server, client, response);
  } catch (error) {
    return tokenOutcomeOfError(error);
  }
  const tokenType = tokenTypes.find((type) => type.toLowerCase() === answered.token_type);
  if (tokenType === undefined)
    return malformed(`The token endpoint gave a token that is not of the type ${tokenTypes.join(' or ')}.`);
  const tokens = [answered.access_token, answered.refresh_token].filter((token) => token !== undefined);
  if (!tokens.every(isUsableToken))
    return malformed('The token endpoint gave a token that cannot be sent in a header.');
  return { kind: 'tokens', tokens: tokenSetOf(answered, tokenType) };
}

function tokenSetOf(answered: oauth.TokenEndpointResponse, tokenType: TokenSet['tokenType']): TokenSet {
  return {
    accessToken: answered.access_token,
    tokenType,
    ...(answered.refresh_token === undefined ? {} : { refreshToken: answered.refresh_token }),
    ...(answered.scope === undefined ? {} : { scope: answered.scope }),
    ...(answered.expires_in === undefined ? {} : { expiresInSeconds: answered.expires_in }),
  };
}

/** JSON whatever it is labelled; form-encoded where it says so, as GitHub does for clients that it takes for old. */
function bodyOf(answer: GuardedResponse): JsonObject | undefined {
  const contentType = answer.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (contentType !== 'application/x-www-form-urlencoded') return strictJsonObjectOf(answer.body);
  const members = [...new URLSearchParams(new TextDecoder().decode(answer.body))];
  const names = new Set(members.map(([name]) => name));
  return names.size === members.length ? Object.fromEntries(members) : undefined;
}

/** An `error` that is no error name is no OAuth error: nothing may be concluded from it. */
function errorBody(error: unknown, { tokenErrors = {} }: TokenEndpointQuirks): JsonObject | undefined {
  if (typeof error !== 'string' || !ERROR_NAME.test(error)) return undefined;
  if (Object.hasOwn(tokenErrors, error)) return { error: tokenErrors[error] };
  return { error: Object.hasOwn(ERROR_NAMES, error) ? ERROR_NAMES[error] : error };
}

/**
 * The members that count, in the types that RFC 6749 gives them. A missing `token_type` is taken for Bearer:
 * it is required, several providers leave it out, and nothing else is ever asked for.
 */
function tokenBody(body: JsonObject, quirks: TokenEndpointQuirks): JsonObject {
  const { access_token, refresh_token, token_type, expires_in, scope } = withoutNulls(tokenMembers(body));
  return {
    access_token,
    token_type: tokenType(token_type, quirks),
    refresh_token: refresh_token === '' ? undefined : refresh_token,
    expires_in: lifetimeSeconds(expires_in),
    scope: scopeOf(scope),
  };
}

/** Slack nests the user's token in `authed_user` where no bot was asked for; there is then none beside it. */
function tokenMembers(body: JsonObject): JsonObject {
  const { access_token, authed_user } = body;
  const isNested = (access_token ?? undefined) === undefined && isJsonObject(authed_user);
  return isNested ? authed_user : body;
}

function tokenType(value: unknown, { bearerTokenTypes = [] }: TokenEndpointQuirks): unknown {
  if (value === undefined) return 'bearer';
  return typeof value === 'string' && bearerTokenTypes.includes(value.toLowerCase()) ? 'bearer' : value;
}

/** RFC 6749 section 5.2: a client that used Basic and is refused gets a 401 with a Basic challenge, with or without a body. */
function refusesBasic(answer: GuardedResponse): boolean {
  return parseChallenges(answer.headers.get('www-authenticate')).some((challenge) => challenge.scheme === 'basic');
}

function isUsableToken(token: string): boolean {
  return token.length <= TOKEN_MAX_LENGTH && VISIBLE_ASCII.test(token);
}

function unavailable(response: Response): TokenOutcome {
  const seconds = retryAfterSeconds(response.headers.get('retry-after'));
  return {
    kind: 'unavailable',
    ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
    message: `The token endpoint answered with status ${response.status}.`,
  };
}

function malformed(message: string): TokenOutcome {
  return { kind: 'malformed', message };
}
