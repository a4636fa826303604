/**
 * The least OAuth client there is: registers, signs in by the scripted browser, and redeems.
 * For tests of the fixtures and for comparisons with the product; it checks nothing.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { AuthorizationServerFixture } from './authorization-server.js';
import { isCallback, type VisitOptions, visit } from './browser.js';

export const REDIRECT_URI = 'http://127.0.0.1:27182/oauth/callback';

export interface DirectSignIn {
  readonly resource?: string;
  readonly scope?: string;
  /** Default a client that is registered for this. */
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly browser?: VisitOptions;
}

export interface DirectTokens {
  readonly clientId: string;
  /** What the redirect to the callback carried. */
  readonly answer: Readonly<Record<string, string>>;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly scope: string;
}

export async function registerDirectly({ issuer }: AuthorizationServerFixture): Promise<string> {
  const response = await fetch(`${issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'direct client',
      application_type: 'native',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    }),
  });
  if (response.status !== 201) throw new Error(`Registration: ${await response.text()}`);
  return ((await response.json()) as { client_id: string }).client_id;
}

/** The parameters of the authorization response, whatever it says. */
export async function authorizeDirectly(
  server: AuthorizationServerFixture,
  clientId: string,
  verifier: string,
  request: DirectSignIn,
) {
  const parameters = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    state: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...(request.resource !== undefined && { resource: request.resource }),
    ...(request.scope !== undefined && { scope: request.scope }),
  });
  const page = await visit(`${server.issuer}/authorize?${parameters}`, { stopBefore: isCallback, ...request.browser });
  return Object.fromEntries(new URL(page.finalUrl).searchParams);
}

export function refreshDirectly(
  { issuer }: AuthorizationServerFixture,
  clientId: string,
  refreshToken: string,
): Promise<Response> {
  return tokenRequest(issuer, { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken });
}

export async function signInDirectly(
  server: AuthorizationServerFixture,
  request: DirectSignIn = {},
): Promise<DirectTokens> {
  const clientId = request.clientId ?? (await registerDirectly(server));
  const verifier = randomBytes(32).toString('base64url');
  const answer = await authorizeDirectly(server, clientId, verifier, request);
  const form = {
    grant_type: 'authorization_code',
    code: answer.code ?? '',
    redirect_uri: REDIRECT_URI,
    code_verifier: verifier,
    ...(request.resource !== undefined && { resource: request.resource }),
    ...(request.clientSecret === undefined && { client_id: clientId }),
  };
  const response = await tokenRequest(
    server.issuer,
    form,
    request.clientSecret === undefined ? undefined : basic(clientId, request.clientSecret),
  );
  if (response.status !== 200) throw new Error(`Token request: ${await response.text()}`);
  const tokens = (await response.json()) as Record<string, string>;
  return {
    clientId,
    answer,
    accessToken: tokens.access_token ?? '',
    refreshToken: tokens.refresh_token ?? '',
    scope: tokens.scope ?? '',
  };
}

function tokenRequest(issuer: string, form: Record<string, string>, authorization?: string): Promise<Response> {
  return fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers: authorization === undefined ? {} : { authorization },
  });
}

/** Both parts are form-encoded first (RFC 6749 §2.3.1). */
function basic(clientId: string, clientSecret: string): string {
  const encode = (value: string) => new URLSearchParams([['', value]]).toString().slice(1);
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')}`;
}
