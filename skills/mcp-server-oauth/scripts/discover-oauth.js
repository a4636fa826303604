#!/usr/bin/env node
// @ts-check
/**
 * Finds the authorization server of an MCP server, and registers a client where that is wanted and offered.
 * Runs as CommonJS and as a module, so that it works wherever the folder is copied to.
 */

const USAGE = `Usage: node discover-oauth.js MCP_SERVER_URL [--register --redirect-uri=URI] [--save=FILE]
  --register            register a client (RFC 7591) with --redirect-uri, --scope and --client-name
  --redirect-uri=URI    default http://127.0.0.1:27183/callback
  --scope=SCOPE         what to ask for; default: what the server says that it needs
  --save=FILE           what was found, for --from of the other scripts (mode 0600)
  --allow-private       the server is in your own network`;

const OPTIONS = /** @type {const} */ ({
  register: { type: 'boolean' },
  'redirect-uri': { type: 'string' },
  scope: { type: 'string' },
  'client-name': { type: 'string' },
  save: { type: 'string' },
  'allow-private': { type: 'boolean' },
});

const DEFAULT_REDIRECT_URI = 'http://127.0.0.1:27183/callback';
const REGISTER_HINT =
  'Create a client at the provider by hand, then give its id to build-auth-url.js with --client-id.';

import('./lib/command-line.mjs').then(({ run }) => run({ usage: USAGE, options: OPTIONS, main: discoverServer }));

/** @param {import('./lib/command-line.mjs').Arguments} args */
async function discoverServer(args) {
  const { option, required } = await import('./lib/command-line.mjs');
  const { checkedUrl, reachOf } = await import('./lib/reach.mjs');
  const { probe } = await import('./lib/probe.mjs');
  const { discover } = await import('./lib/discovery.mjs');
  const { writePrivateJson } = await import('./lib/private-file.mjs');

  const serverUrl = checkedUrl(required(args.positionals[0], 'The URL of the MCP server', USAGE), 'MCP server');
  const reach = reachOf(serverUrl, args.options['allow-private'] === true);
  const probed = await probe(serverUrl, reach);
  const wwwAuthenticate = probed.kind === 'refused' ? probed.wwwAuthenticate : undefined;
  const found =
    (await discover(serverUrl, wwwAuthenticate, reach)) ??
    (args.options['register'] === true ? await defaultEndpoints(serverUrl) : undefined);
  if (found === undefined) return notFound(probed);

  const scope = option(args, 'scope') ?? found.scope;
  const flow = {
    mcp_server: serverUrl.href,
    resource: found.resource,
    reach,
    ...found.server,
    ...(scope === undefined ? {} : { scope }),
  };
  const client = args.options['register'] === true ? await registered(args, flow) : {};
  const save = option(args, 'save');
  if (save !== undefined) writePrivateJson(save, { ...flow, ...client });
  const { reach: _reach, ...shown } = flow;
  return {
    status: 'discovered',
    ...shown,
    discovery_url: found.url,
    ...(found.resourceMetadataUrl === undefined ? {} : { resource_metadata_url: found.resourceMetadataUrl }),
    requires_auth: probed.kind === 'refused',
    ...client,
    ...('client_secret' in client ? { client_secret: '[saved]' } : {}),
    ...(save === undefined ? {} : { saved_to: save }),
  };
}

/** The endpoints that MCP 2025-03-26 assumes of a server without metadata; registering shows whether they exist. @param {URL} serverUrl */
async function defaultEndpoints(serverUrl) {
  const { canonicalResource } = await import('./lib/well-known.mjs');
  const { origin } = serverUrl;
  const server = {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
  };
  return {
    resource: canonicalResource(serverUrl),
    resourceMetadataUrl: undefined,
    scope: undefined,
    server,
    url: null,
  };
}

/** @param {import('./lib/probe.mjs').Probe} probed */
function notFound(probed) {
  const isOpen = probed.kind === 'open';
  return {
    status: 'not_found',
    message: isOpen
      ? 'The server answers without a token and names no authorization server.'
      : 'The server names no authorization server.',
    hint: isOpen
      ? 'Connect without a token.'
      : "Look in the server's documentation for a token or API key, or for its authorization and token endpoint.",
  };
}

/**
 * @param {import('./lib/command-line.mjs').Arguments} args
 * @param {Record<string, any>} flow
 */
async function registered(args, flow) {
  const { option } = await import('./lib/command-line.mjs');
  const { Failure, rememberSecret } = await import('./lib/failure.mjs');
  const { checkedUrl } = await import('./lib/reach.mjs');
  const { register, preferredMethod } = await import('./lib/registration.mjs');

  const endpoint = flow['registration_endpoint'];
  if (endpoint === undefined)
    throw new Failure('registration_unavailable', 'The authorization server registers no clients.', REGISTER_HINT);
  const authMethods = flow['token_endpoint_auth_methods_supported'];
  if (preferredMethod(authMethods) !== 'none' && option(args, 'save') === undefined)
    throw new Failure(
      'invalid_input',
      'The authorization server gives a secret to the client.',
      'Add --save=FILE: the secret is kept there and not shown.',
    );
  const redirectUri = option(args, 'redirect-uri') ?? DEFAULT_REDIRECT_URI;
  checkedUrl(redirectUri, 'redirect URI');
  const clientName = option(args, 'client-name') ?? 'MCP client';
  const { reach, scope } = flow;
  const client = await register({ endpoint, redirectUri, scope, clientName, authMethods, reach });
  rememberSecret(client.clientSecret);
  if (client.clientSecret !== undefined && option(args, 'save') === undefined)
    throw new Failure(
      'invalid_input',
      'The authorization server gave the client a secret.',
      'Run again with --save=FILE: the secret is kept there and not shown.',
    );
  return {
    client_id: client.clientId,
    ...(client.clientSecret === undefined ? {} : { client_secret: client.clientSecret }),
    token_endpoint_auth_method: client.authMethod,
    redirect_uri: redirectUri,
  };
}
