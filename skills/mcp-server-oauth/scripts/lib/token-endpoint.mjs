// @ts-check
/** The token endpoint: one form, sent once to one origin, and an answer that is believed only after every check. */
import { Failure, serverWords } from './failure.mjs';
import { request } from './http.mjs';
import { jsonObject, textOf } from './json.mjs';

const LIFETIME_MAX_SECONDS = 315_360_000;
const TOKEN_MAX_LENGTH = 65_536;
/** A header takes nothing else. */
const VISIBLE_ASCII = /^[\x21-\x7e]+$/u;
const ASKED = {
  code: 'token_request_failed',
  name: 'token endpoint',
  hint: 'An authorization code works once: where it may have been used up, begin again with build-auth-url.js.',
};
/** Names of some providers for what RFC 6749 section 5.2 has a name for. */
const ERROR_NAMES = new Map([
  ['bad_verification_code', 'invalid_grant'],
  ['bad_refresh_token', 'invalid_grant'],
  ['invalid_code', 'invalid_grant'],
  ['incorrect_client_credentials', 'invalid_client'],
  ['bad_client_secret', 'invalid_client'],
]);

/**
 * @typedef {{ id: string, secret: string | undefined, authMethod: string | undefined }} Client
 * @typedef {{ access_token: string, token_type: 'Bearer', expires_in?: number, expires_at?: string,
 *   refresh_token?: string, scope?: string }} Tokens
 */

/**
 * Redeems a code or a refresh token.
 *
 * @param {string} endpoint
 * @param {Record<string, string | undefined>} parameters `grant_type` and what belongs to it
 * @param {Client} client without `authMethod`: Basic for one with a secret, and once more with the secret in the form where that is refused
 * @param {import('./reach.mjs').Reach} reach
 * @returns {Promise<Tokens>}
 * @throws {Failure} `token_request_failed`, `grant_rejected`, `client_rejected`, `scope_rejected`
 * @see RFC 6749 sections 2.3.1, 4.1.3 and 6
 */
export async function redeem(endpoint, parameters, client, reach) {
  const method = client.secret === undefined ? 'none' : (client.authMethod ?? 'client_secret_basic');
  const answer = await send(endpoint, parameters, client, method, reach);
  const isBasicRefused = method === 'client_secret_basic' && client.authMethod === undefined && answer.status === 401;
  return tokensOf(isBasicRefused ? await send(endpoint, parameters, client, 'client_secret_post', reach) : answer);
}

/**
 * @param {string} endpoint
 * @param {Record<string, string | undefined>} parameters
 * @param {Client} client
 * @param {string} method
 * @param {import('./reach.mjs').Reach} reach
 */
function send(endpoint, parameters, client, method, reach) {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) form.set(name, value);
  /** @type {Record<string, string>} */
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
  if (method === 'client_secret_basic') headers['authorization'] = basic(client.id, client.secret ?? '');
  else form.set('client_id', client.id);
  if (method === 'client_secret_post') form.set('client_secret', client.secret ?? '');
  return request(endpoint, reach, ASKED, { method: 'POST', headers, body: form.toString() });
}

/** Both parts form-encoded before they are joined (RFC 6749 section 2.3.1). @param {string} id @param {string} secret */
function basic(id, secret) {
  const encoded = (/** @type {string} */ text) => new URLSearchParams({ v: text }).toString().slice(2);
  return `Basic ${Buffer.from(`${encoded(id)}:${encoded(secret)}`).toString('base64')}`;
}

/** @param {import('./http.mjs').Answer} answer @returns {Tokens} */
function tokensOf(answer) {
  if (answer.status >= 500 || answer.status === 429)
    throw new Failure(
      ASKED.code,
      `The token endpoint answered with status ${answer.status}.`,
      'Try again later: nothing says that the code or token was used up.',
    );
  if (answer.status >= 300 && answer.status < 400)
    throw new Failure(ASKED.code, 'The token endpoint answered with a redirect, which is not followed.', ASKED.hint);
  const document = documentOf(answer);
  if (document?.['error'] !== undefined) throw refused(document);
  const accessToken = textOf(document?.['access_token']);
  const type = textOf(document?.['token_type']) ?? 'bearer';
  if (document === undefined || accessToken === undefined || answer.status > 201)
    throw new Failure(ASKED.code, `The token endpoint gave no token (status ${answer.status}).`, ASKED.hint);
  if (type.toLowerCase() !== 'bearer')
    throw new Failure(ASKED.code, 'The token endpoint gave a token that is not of the type Bearer.', ASKED.hint);
  const refreshToken = textOf(document['refresh_token']);
  if (
    ![accessToken, refreshToken ?? 'none'].every(
      (token) => token.length <= TOKEN_MAX_LENGTH && VISIBLE_ASCII.test(token),
    )
  )
    throw new Failure(ASKED.code, 'The token endpoint gave a token that cannot be sent in a header.', ASKED.hint);
  const scope = textOf(document['scope']);
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    ...lifetime(document['expires_in']),
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(scope === undefined ? {} : { scope: serverWords(scope, 4_096) ?? '' }),
  };
}

/** JSON whatever it is labelled; form-encoded where it says so, as GitHub does. @param {import('./http.mjs').Answer} answer */
function documentOf(answer) {
  const isForm = answer.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
  return isForm ? Object.fromEntries(new URLSearchParams(answer.body.toString('utf8'))) : jsonObject(answer.body);
}

/** Unknown where it is no number of seconds that makes sense. @param {unknown} value */
function lifetime(value) {
  const seconds = Math.floor(
    typeof value === 'string' && value.trim() !== '' ? Number(value) : typeof value === 'number' ? value : Number.NaN,
  );
  if (!Number.isFinite(seconds) || seconds <= 0 || seconds > LIFETIME_MAX_SECONDS) return {};
  return { expires_in: seconds, expires_at: new Date(Date.now() + seconds * 1_000).toISOString() };
}

/** @param {Record<string, unknown>} document */
function refused(document) {
  const stated = serverWords(document['error'], 100) ?? 'an error';
  const error = ERROR_NAMES.get(stated) ?? stated;
  const words = serverWords(document['error_description']);
  const details = { server_error: stated, ...(words === undefined ? {} : { server_said: words }) };
  if (error === 'invalid_client')
    return new Failure(
      'client_rejected',
      'The authorization server refused the client.',
      'Check client id and secret. A confidential client needs its secret: OAUTH_CLIENT_SECRET, --client-secret-file or --client-secret-stdin.',
      details,
    );
  if (error === 'invalid_grant')
    return new Failure(
      'grant_rejected',
      'The authorization server refused the code or refresh token.',
      'It was used before, has expired, or belongs to another redirect URI or client; another program listening on the redirect URI may have taken it. Begin again with build-auth-url.js.',
      details,
    );
  if (error === 'invalid_scope')
    return new Failure(
      'scope_rejected',
      'The authorization server refused the scope.',
      'Begin again with another --scope, or --scope="" for none.',
      details,
    );
  return new Failure(ASKED.code, 'The authorization server refused the request.', ASKED.hint, details);
}
