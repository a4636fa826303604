#!/usr/bin/env node
// @ts-check
/**
 * Builds an authorization URL with PKCE (RFC 7636), state and resource (RFC 8707), and saves what its answer is checked with.
 * Runs as CommonJS and as a module, so that it works wherever the folder is copied to.
 */

const USAGE = `Usage: node build-auth-url.js AUTHORIZATION_ENDPOINT --client-id=ID --redirect-uri=URI [--scope=SCOPE] [--resource=URI]
       node build-auth-url.js --from=FILE [--client-id=ID]      FILE: of discover-oauth.js --save
  --scope=SCOPE         "" asks for none
  --resource=URI        the MCP server that the token is for
  --from=FILE           endpoint, client, redirect URI, scope and resource from there; options win
  --save=FILE           keeps state and verifier for exchange-token.js --from (mode 0600); default: the file of --from
  --token-endpoint=URL, --issuer=URL   kept in the file with the rest`;

const OPTIONS = /** @type {const} */ ({
  'client-id': { type: 'string' },
  'redirect-uri': { type: 'string' },
  scope: { type: 'string' },
  resource: { type: 'string' },
  'token-endpoint': { type: 'string' },
  issuer: { type: 'string' },
  from: { type: 'string' },
  save: { type: 'string' },
});

/** Sent by us and by nobody else, though the endpoint comes with a query of its own. */
const CODE_CHALLENGE_METHOD = 'S256';

import('./lib/command-line.mjs').then(({ run }) =>
  run({ usage: USAGE, options: OPTIONS, main: buildAuthorizationUrl }),
);

/** @param {import('./lib/command-line.mjs').Arguments} args */
async function buildAuthorizationUrl(args) {
  const { createHash, randomBytes } = await import('node:crypto');
  const { writePrivateJson } = await import('./lib/private-file.mjs');

  const request = await requestOf(args);
  const state = randomBytes(32).toString('base64url');
  const codeVerifier = randomBytes(32).toString('base64url');
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');

  const url = new URL(request.authorization_endpoint);
  const parameters = {
    response_type: 'code',
    client_id: request.client_id,
    redirect_uri: request.redirect_uri,
    scope: request.scope === '' ? undefined : request.scope,
    state,
    code_challenge: codeChallenge,
    code_challenge_method: CODE_CHALLENGE_METHOD,
    resource: request.resource,
    // OpenID Connect Core section 11: a refresh token is for those who were asked.
    prompt: request.scope.split(' ').includes('offline_access') ? 'consent' : undefined,
  };
  for (const name of ['response_mode', 'request', 'request_uri']) url.searchParams.delete(name);
  for (const [name, value] of Object.entries(parameters)) {
    url.searchParams.delete(name);
    if (value !== undefined) url.searchParams.set(name, value);
  }

  const save = request.save;
  if (save !== undefined)
    writePrivateJson(save, {
      ...request.flow,
      state,
      code_verifier: codeVerifier,
      created_at: new Date().toISOString(),
    });
  else
    args.warnings.push(
      'Keep code_verifier and state: they are needed for the exchange. --save=FILE keeps them for you, out of the chat.',
    );
  return {
    status: 'success',
    authorization_url: url.href,
    state,
    code_verifier: save === undefined ? codeVerifier : '[saved]',
    code_challenge: codeChallenge,
    code_challenge_method: CODE_CHALLENGE_METHOD,
    client_id: request.client_id,
    redirect_uri: request.redirect_uri,
    scope: request.scope,
    ...(request.resource === undefined ? {} : { resource: request.resource }),
    ...(save === undefined ? {} : { saved_to: save }),
  };
}

/** What is asked for, checked: from the options, else from the file. @param {import('./lib/command-line.mjs').Arguments} args */
async function requestOf(args) {
  const { option, required } = await import('./lib/command-line.mjs');
  const { checkedUrl } = await import('./lib/reach.mjs');
  const { readPrivateJson } = await import('./lib/private-file.mjs');
  const { textOf, textsOf } = await import('./lib/json.mjs');

  const from = option(args, 'from');
  const kept = from === undefined ? {} : readPrivateJson(from);
  /** @param {string} name @param {string} key */
  const given = (name, key) => option(args, name) ?? textOf(kept[key]);

  const endpoint = required(
    args.positionals[0] ?? textOf(kept['authorization_endpoint']),
    'The authorization endpoint',
    USAGE,
  );
  const clientId = required(given('client-id', 'client_id'), '--client-id', USAGE);
  const redirectUri = required(given('redirect-uri', 'redirect_uri'), '--redirect-uri', USAGE);
  checkedUrl(endpoint, 'authorization endpoint');
  checkedUrl(redirectUri, 'redirect URI');
  if (from !== undefined && args.positionals[0] === undefined)
    await assertPkce(textsOf(kept['code_challenge_methods_supported']), kept);
  const scope = given('scope', 'scope') ?? '';
  const resource = given('resource', 'resource');
  const tokenEndpoint = given('token-endpoint', 'token_endpoint');
  const issuer = given('issuer', 'issuer');
  return {
    authorization_endpoint: endpoint,
    client_id: clientId,
    redirect_uri: redirectUri,
    scope,
    resource,
    save: option(args, 'save') ?? from,
    flow: {
      ...withoutAnswer(kept, clientId),
      authorization_endpoint: endpoint,
      client_id: clientId,
      redirect_uri: redirectUri,
      scope,
      ...(resource === undefined ? {} : { resource }),
      ...(tokenEndpoint === undefined ? {} : { token_endpoint: tokenEndpoint }),
      ...(issuer === undefined ? {} : { issuer }),
    },
  };
}

/** What was kept for a registered client is of no use to another. @param {Record<string, unknown>} kept @param {string} clientId */
function withoutAnswer(kept, clientId) {
  if (kept['client_id'] === undefined || kept['client_id'] === clientId) return kept;
  const { client_secret: _secret, token_endpoint_auth_method: _method, ...rest } = kept;
  return rest;
}

/** Without S256 the code is not protected; metadata that is absent altogether is another matter (MCP 2025-03-26). @param {string[] | undefined} methods @param {Record<string, unknown>} kept */
async function assertPkce(methods, kept) {
  if (methods?.includes(CODE_CHALLENGE_METHOD) || kept['scopes_supported'] === undefined) return;
  const { Failure } = await import('./lib/failure.mjs');
  throw new Failure(
    'pkce_unsupported',
    'The authorization server does not say that it supports PKCE with S256.',
    'Where its documentation says that it does, give the authorization endpoint as an argument beside --from.',
  );
}
