// @ts-check
/** Dynamic client registration (RFC 7591): one request, once more without `scope` where that may be what was refused. */
import { Failure, serverWords } from './failure.mjs';
import { request } from './http.mjs';
import { jsonObject, textOf } from './json.mjs';

const CLIENT_ID_MAX_LENGTH = 2_048;
const VISIBLE_ASCII = /^[\x20-\x7e]+$/u;
const ASKED = {
  code: 'discovery_failed',
  name: 'registration endpoint',
  hint: 'Run the script again later; nothing was registered.',
};

/**
 * @param {{ endpoint: string, redirectUri: string, scope: string | undefined, clientName: string,
 *   authMethods: string[] | undefined, reach: import('./reach.mjs').Reach }} registration
 * @returns {Promise<{ clientId: string, clientSecret: string | undefined, authMethod: string }>}
 * @throws {Failure} `registration_rejected`, `discovery_failed`
 */
export async function register({ endpoint, redirectUri, scope, clientName, authMethods, reach }) {
  const authMethod = preferredMethod(authMethods);
  const metadata = {
    client_name: clientName,
    application_type: 'native',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: authMethod,
  };
  const first = await send(endpoint, { ...metadata, ...(scope === undefined ? {} : { scope }) }, reach);
  const isScopeSuspect = scope !== undefined && (first.status === 400 || first.status === 422);
  const answer = isScopeSuspect ? await send(endpoint, metadata, reach) : first;
  return validated(answer, redirectUri, authMethod);
}

/** `none` where it can be: a public client has no secret to lose. @param {string[] | undefined} offered */
export function preferredMethod(offered) {
  const known = ['none', 'client_secret_basic', 'client_secret_post'];
  return known.find((method) => offered?.includes(method)) ?? (offered === undefined ? 'none' : 'client_secret_basic');
}

/** @param {string} endpoint @param {object} metadata @param {import('./reach.mjs').Reach} reach */
function send(endpoint, metadata, reach) {
  return request(endpoint, reach, ASKED, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(metadata),
  });
}

/** @param {import('./http.mjs').Answer} answer @param {string} redirectUri @param {string} askedMethod */
function validated(answer, redirectUri, askedMethod) {
  if (answer.status >= 500 || answer.status === 429) {
    throw new Failure(ASKED.code, `The registration endpoint answered with status ${answer.status}.`, ASKED.hint);
  }
  const document = answer.status === 200 || answer.status === 201 ? jsonObject(answer.body) : undefined;
  if (document === undefined) throw rejected('The authorization server did not register a client.', answer);
  const clientId = textOf(document['client_id']);
  const redirectUris = document['redirect_uris'];
  const authMethod = textOf(document['token_endpoint_auth_method']) ?? askedMethod;
  const clientSecret = textOf(document['client_secret']);
  if (clientId === undefined || clientId.length > CLIENT_ID_MAX_LENGTH || !VISIBLE_ASCII.test(clientId))
    throw rejected('The authorization server gave a client id that cannot be used.');
  if (Array.isArray(redirectUris) && !redirectUris.includes(redirectUri))
    throw rejected('The authorization server registered other redirect URIs than were asked for.');
  if (!['none', 'client_secret_basic', 'client_secret_post'].includes(authMethod))
    throw rejected('The authorization server wants a client authentication that these scripts do not have.');
  return { clientId, clientSecret, authMethod: clientSecret === undefined ? 'none' : authMethod };
}

/** @param {string} message @param {import('./http.mjs').Answer} [answer] */
function rejected(message, answer) {
  const document = answer === undefined ? undefined : jsonObject(answer.body);
  const words = serverWords(document?.['error_description']) ?? serverWords(document?.['error']);
  const hint = 'Create a client at the provider by hand and give its id with --client-id (connect-… skills say where).';
  return new Failure('registration_rejected', message, hint, words === undefined ? {} : { server_said: words });
}
