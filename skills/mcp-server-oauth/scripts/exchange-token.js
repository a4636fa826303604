#!/usr/bin/env node
// @ts-check
/**
 * Exchanges an authorization code, or a refresh token, for an access token.
 * Runs as CommonJS and as a module, so that it works wherever the folder is copied to.
 */

const USAGE = `Usage: node exchange-token.js --from=FILE --callback-url=URL --out=TOKENS     URL: where the browser ended
       node exchange-token.js --from=FILE --loopback --out=TOKENS             waits for the browser itself
       node exchange-token.js --refresh --from=TOKENS
       node exchange-token.js TOKEN_ENDPOINT --code=CODE --code-verifier=VERIFIER --client-id=ID --redirect-uri=URI
       node exchange-token.js TOKEN_ENDPOINT --refresh --client-id=ID         refresh token: OAUTH_REFRESH_TOKEN or --refresh-token-file
  client secret         OAUTH_CLIENT_SECRET, --client-secret-file=FILE or --client-secret-stdin; --auth-method=client_secret_post
  --state=STATE         of build-auth-url.js, where there is no --from: the answer is checked against it
  --out=FILE            keeps the tokens there (mode 0600) and shows them redacted
  --resource=URI, --scope=SCOPE, --issuer=URL, --timeout=SECONDS (of --loopback, default 600), --allow-private`;

const TEXT = /** @type {const} */ ({ type: 'string' });
const FLAG = /** @type {const} */ ({ type: 'boolean' });
const OPTIONS = {
  ...{ from: TEXT, out: TEXT, code: TEXT, 'code-verifier': TEXT, 'callback-url': TEXT, loopback: FLAG, timeout: TEXT },
  ...{ refresh: FLAG, 'refresh-token': TEXT, 'refresh-token-file': TEXT, 'refresh-token-stdin': FLAG },
  ...{ 'client-id': TEXT, 'client-secret': TEXT, 'client-secret-file': TEXT, 'client-secret-stdin': FLAG },
  ...{
    'auth-method': TEXT,
    state: TEXT,
    'redirect-uri': TEXT,
    resource: TEXT,
    scope: TEXT,
    issuer: TEXT,
    'allow-private': FLAG,
  },
};

import('./lib/command-line.mjs').then(({ run }) => run({ usage: USAGE, options: OPTIONS, main: exchange }));

/** @param {import('./lib/command-line.mjs').Arguments} args */
async function exchange(args) {
  const { option } = await import('./lib/command-line.mjs');
  const { redeem } = await import('./lib/token-endpoint.mjs');
  const { readPrivateJson, writePrivateJson } = await import('./lib/private-file.mjs');

  const from = option(args, 'from');
  const kept = from === undefined ? {} : readPrivateJson(from);
  const isRefresh = args.options['refresh'] === true;
  const { endpoint, reach, client, resource, issuer } = await whereAndWho(args, kept);
  /** @type {Record<string, string | undefined>} */
  const parameters = isRefresh ? await refreshParameters(args, kept) : await codeParameters(args, kept);
  // The rotated refresh token must not be lost: without --out it goes back to where the old one was.
  const out = option(args, 'out') ?? (isRefresh ? from : undefined);

  const tokens = await redeem(endpoint, { ...parameters, resource }, client, reach).catch(async (failure) => {
    if (failure?.code === 'grant_rejected' && !isRefresh) forget(from, kept, writePrivateJson);
    throw failure;
  });
  if (out === undefined && from !== undefined)
    args.warnings.push('The tokens are printed here: with --out=FILE they are kept in a private file instead.');
  const result = { ...(isRefresh ? { refresh_token: parameters['refresh_token'] } : {}), ...tokens };
  if (out !== undefined) {
    const about = { resource, issuer, reach, token_endpoint: endpoint, client_id: client.id };
    const secret = client.secret === undefined ? {} : { client_secret: client.secret };
    writePrivateJson(out, {
      ...withoutUndefined({ ...about, token_endpoint_auth_method: client.authMethod }),
      ...secret,
      ...result,
    });
  }
  if (!isRefresh && out !== from) forget(from, kept, writePrivateJson);
  return { status: 'success', ...shown(result, out), ...(out === undefined ? {} : { saved_to: out }) };
}

/** State and verifier are for one answer. */
function forget(
  /** @type {string | undefined} */ from,
  /** @type {Record<string, unknown>} */ kept,
  /** @type {(path: string, content: object) => void} */ write,
) {
  if (from === undefined) return;
  const { state: _state, code_verifier: _verifier, created_at: _created, ...rest } = kept;
  write(from, rest);
}

/** @param {import('./lib/command-line.mjs').Arguments} args @param {Record<string, unknown>} kept */
async function whereAndWho(args, kept) {
  const { option, required, secretOption } = await import('./lib/command-line.mjs');
  const { rememberSecret } = await import('./lib/failure.mjs');
  const { textOf, textsOf } = await import('./lib/json.mjs');
  const { checkedUrl, reachOf } = await import('./lib/reach.mjs');

  const endpoint = required(args.positionals[0] ?? textOf(kept['token_endpoint']), 'The token endpoint', USAGE);
  const url = checkedUrl(endpoint, 'token endpoint');
  const isKept = args.positionals[0] === undefined;
  const reach = isKept && isReach(kept['reach']) ? kept['reach'] : reachOf(url, args.options['allow-private'] === true);
  const id = required(option(args, 'client-id') ?? textOf(kept['client_id']), '--client-id', USAGE);
  // A secret that was kept for one client and one endpoint goes nowhere else.
  const isKeptClient = isKept && id === kept['client_id'];
  const secret =
    secretOption(args, 'client-secret', 'OAUTH_CLIENT_SECRET') ??
    (isKeptClient ? textOf(kept['client_secret']) : undefined);
  rememberSecret(secret);
  const authMethod = option(args, 'auth-method') ?? textOf(kept['token_endpoint_auth_method']);
  const offered = textsOf(kept['token_endpoint_auth_methods_supported']);
  const isPostOnly = offered?.includes('client_secret_post') && !offered.includes('client_secret_basic');
  return {
    endpoint,
    reach,
    client: {
      id,
      secret,
      authMethod: authMethod === 'none' ? undefined : (authMethod ?? (isPostOnly ? 'client_secret_post' : undefined)),
    },
    resource: option(args, 'resource') ?? textOf(kept['resource']),
    issuer: option(args, 'issuer') ?? textOf(kept['issuer']),
  };
}

/** @param {import('./lib/command-line.mjs').Arguments} args @param {Record<string, unknown>} kept */
async function codeParameters(args, kept) {
  const { option, required } = await import('./lib/command-line.mjs');
  const { noOpenSignIn, rememberSecret } = await import('./lib/failure.mjs');
  const { receivedCode } = await import('./lib/received-code.mjs');
  const { textOf } = await import('./lib/json.mjs');

  const verifier = option(args, 'code-verifier') ?? textOf(kept['code_verifier']);
  if (verifier === undefined && option(args, 'from') !== undefined) throw noOpenSignIn();
  required(verifier, '--code-verifier', USAGE);
  const redirectUri = required(option(args, 'redirect-uri') ?? textOf(kept['redirect_uri']), '--redirect-uri', USAGE);
  const code = await receivedCode(args, kept, redirectUri, USAGE);
  rememberSecret(verifier);
  rememberSecret(code);
  return { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier };
}

/** @param {import('./lib/command-line.mjs').Arguments} args @param {Record<string, unknown>} kept */
async function refreshParameters(args, kept) {
  const { option, required, secretOption } = await import('./lib/command-line.mjs');
  const { noRefreshToken, rememberSecret } = await import('./lib/failure.mjs');
  const { textOf } = await import('./lib/json.mjs');
  const given = secretOption(args, 'refresh-token', 'OAUTH_REFRESH_TOKEN');
  const held = given ?? textOf(kept['refresh_token']);
  if (held === undefined && option(args, 'from') !== undefined) throw noRefreshToken();
  const token = required(held, 'A refresh token (OAUTH_REFRESH_TOKEN, --refresh-token-file or --from)', USAGE);
  rememberSecret(token);
  return { grant_type: 'refresh_token', refresh_token: token, scope: option(args, 'scope') };
}

/** The answer as it is printed: whole where it is kept nowhere else. */
function shown(/** @type {Record<string, unknown>} */ tokens, /** @type {string | undefined} */ out) {
  const redacted =
    out === undefined
      ? {}
      : { access_token: '[redacted]', ...('refresh_token' in tokens ? { refresh_token: '[redacted]' } : {}) };
  /** @type {Record<string, unknown>} */
  const visible = { ...tokens, ...redacted };
  const note = 'Include this header in requests to the MCP server';
  return { ...visible, usage: { header: `Authorization: Bearer ${visible['access_token']}`, note } };
}

/** @param {Record<string, unknown>} object */
function withoutUndefined(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

/** @param {unknown} value @returns {value is import('./lib/reach.mjs').Reach} */
function isReach(value) {
  return value === 'public' || value === 'loopback' || value === 'private';
}
