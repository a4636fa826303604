#!/usr/bin/env node
// @ts-check
/**
 * Says whether an MCP server can be used as it is, or asks for authorization; with a token file, whether the token works.
 * Runs as CommonJS and as a module, so that it works wherever the folder is copied to.
 */

const USAGE = `Usage: node check-oauth-status.js MCP_SERVER_URL [--token-file=TOKENS]
  --token-file=FILE     tries the access token that exchange-token.js --out kept; it is sent to its own server only
  --allow-private       the server is in your own network`;

const OPTIONS = /** @type {const} */ ({ 'token-file': { type: 'string' }, 'allow-private': { type: 'boolean' } });

import('./lib/command-line.mjs').then(({ run }) =>
  run({ usage: USAGE, options: OPTIONS, main: checkStatus, fieldsOfFailure }),
);

/** Whatever the status, the same fields are there. @param {string} message */
function fieldsOfFailure(message) {
  return { authUrl: null, authType: 'unknown', message };
}

/** @param {import('./lib/command-line.mjs').Arguments} args */
async function checkStatus(args) {
  const { option, required } = await import('./lib/command-line.mjs');
  const { checkedUrl, reachOf } = await import('./lib/reach.mjs');
  const { probe } = await import('./lib/probe.mjs');

  const serverUrl = checkedUrl(required(args.positionals[0], 'The URL of the MCP server', USAGE), 'MCP server');
  const reach = reachOf(serverUrl, args.options['allow-private'] === true);
  const tokenFile = option(args, 'token-file');
  const headers = tokenFile === undefined ? {} : await authorization(tokenFile, serverUrl);
  const probed = await probe(serverUrl, reach, headers);
  if (probed.kind === 'open') {
    const message = tokenFile === undefined ? 'The server answers without a token.' : 'The server accepts the token.';
    return { status: 'available', authUrl: null, authType: null, message };
  }
  return refusedAnswer(serverUrl, probed, reach, tokenFile !== undefined);
}

/**
 * @param {URL} serverUrl
 * @param {Extract<import('./lib/probe.mjs').Probe, { kind: 'refused' }>} probed
 * @param {import('./lib/reach.mjs').Reach} reach
 * @param {boolean} withToken
 */
async function refusedAnswer(serverUrl, probed, reach, withToken) {
  const { bearerParameters } = await import('./lib/challenge.mjs');
  const { discover } = await import('./lib/discovery.mjs');
  const { Failure } = await import('./lib/failure.mjs');

  const isHidden = probed.status === 404 || probed.status === 405;
  const found = await discover(serverUrl, probed.wwwAuthenticate, reach);
  if (isHidden && found?.resourceMetadataUrl === undefined)
    throw new Failure(
      'upstream_protocol_error',
      `The server answered with status ${probed.status}.`,
      'Check the path of the URL: it is the MCP endpoint, often ending in /mcp or /sse.',
    );
  const error = bearerParameters(probed.wwwAuthenticate)?.['error'];
  return {
    status: 'requires_auth',
    authUrl: found?.server['authorization_endpoint'] ?? null,
    authType: found === undefined ? 'unknown' : 'oauth2',
    message: messageOf(found !== undefined, withToken, error),
    ...(found?.scope === undefined ? {} : { scope: found.scope }),
  };
}

/** @param {boolean} isOAuth @param {boolean} withToken @param {string | undefined} error */
function messageOf(isOAuth, withToken, error) {
  if (withToken && error === 'insufficient_scope')
    return 'The server wants more scopes than the token has: begin again with the scope given here.';
  if (withToken)
    return 'The server does not accept the token: refresh it with exchange-token.js --refresh, or sign in again.';
  if (isOAuth) return 'The server requires OAuth: go on with discover-oauth.js and build-auth-url.js.';
  return 'The server requires a credential and does not say where it is issued: look in its documentation.';
}

/** The header for a token that was asked for for this server, and for no other. @param {string} tokenFile @param {URL} serverUrl */
async function authorization(tokenFile, serverUrl) {
  const { Failure } = await import('./lib/failure.mjs');
  const { textOf } = await import('./lib/json.mjs');
  const { readPrivateJson } = await import('./lib/private-file.mjs');
  const { isResourceOf } = await import('./lib/well-known.mjs');

  const kept = readPrivateJson(tokenFile);
  const token = textOf(kept['access_token']);
  const resource = textOf(kept['resource']);
  if (token === undefined)
    throw new Failure(
      'file_unusable',
      'The file holds no access token.',
      'Name the file that exchange-token.js --out wrote.',
    );
  if (resource === undefined || !isResourceOf(resource, serverUrl))
    throw new Failure(
      'resource_mismatch',
      'The token was not asked for for this server: it is not sent there.',
      'Give --resource=MCP_SERVER_URL to build-auth-url.js and exchange-token.js, or begin with discover-oauth.js --save.',
    );
  return { authorization: `Bearer ${token}` };
}
