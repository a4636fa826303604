/**
 * Which redirect URI a sign-in uses (RFC 8252 section 7.3, RFC 9700 section 2.1), and having its port served
 * before it is given to anyone.
 */
import { createHash } from 'node:crypto';
import { BrokerError } from '../core/errors.js';
import type { ClientConfiguration } from '../vault/index.js';
import type { LoopbackListener } from './broker.js';
import { callbackPort, otherPort, rememberOtherPort } from './callback-port.js';
import type { KnownServer } from './known-server.js';
import type { Parts } from './parts.js';

export type LoopbackHost = Parameters<LoopbackListener['serve']>[0]['host'];

/** What kind of redirect URI was chosen, before a port is claimed. */
export type RedirectChoice =
  | { readonly kind: 'default' }
  /** Named by the caller, the user's file or the environment: never moved. */
  | { readonly kind: 'loopback'; readonly uri: string }
  /** An https page that sends the browser on to the loopback callback, query unchanged. */
  | { readonly kind: 'relay'; readonly uri: string };

/** A redirect URI whose port is served, and where the pages of this machine are reached. */
export interface BoundRedirect {
  readonly redirectUri: string;
  /** Undefined with `paste_back`: nothing is bound. */
  readonly listening?: { readonly host: LoopbackHost; readonly port: number; readonly origin: string };
}

export const CALLBACK_PATH = '/oauth/callback';

/**
 * The redirect URI that the call, the kept configuration, the user's file or the environment names, in this order.
 * @throws {BrokerError} `redirect_not_allowed` for one that is neither loopback nor allowed by the user; `invalid_input` where it contradicts the file.
 */
export async function chooseRedirect(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
): Promise<RedirectChoice> {
  const fromFile = server.entry.oauth.redirectUri;
  const named = fromFile ?? configuration?.redirectUri ?? parts.settings.redirectUri;
  if (named === undefined) return { kind: 'default' };
  await checkRedirectUri(parts, named, fromFile);
  return new URL(named).protocol === 'http:' ? { kind: 'loopback', uri: named } : { kind: 'relay', uri: named };
}

/** @throws {BrokerError} `redirect_not_allowed`. */
export async function checkRedirectUri(parts: Parts, redirectUri: string, fromFile?: string): Promise<void> {
  const url = URL.canParse(redirectUri) ? new URL(redirectUri) : undefined;
  const isPlain =
    url !== undefined &&
    url.username === '' &&
    url.password === '' &&
    url.hash === '' &&
    !/[\s<>"`\\]/u.test(redirectUri);
  // Port 0 is no port that a browser can come back to.
  if (isPlain && url.protocol === 'http:' && loopbackHost(url) !== undefined && url.port !== '0') return;
  const { allowedRedirectUris } = await parts.catalog.settings();
  const isAllowed =
    redirectUri === parts.settings.redirectUri || redirectUri === fromFile || allowedRedirectUris.includes(redirectUri);
  if (isPlain && url.protocol === 'https:' && isAllowed) return;
  throw new BrokerError(
    'redirect_not_allowed',
    'That redirectUri is neither a loopback address nor allowed by the user.',
  );
}

/** The host to listen on for a loopback redirect URI; undefined for any other. */
export function loopbackHost(url: URL): LoopbackHost | undefined {
  if (url.hostname === '127.0.0.1' || url.hostname === 'localhost') return url.hostname;
  return url.hostname === '[::1]' ? '::1' : undefined;
}

/**
 * Has the redirect URI's port served and returns it whole.
 * `ownPath`: a path of this issuer's own, against mix-up at a server that does not send `iss`.
 * `mayMove`: we register ourselves with the default, so another port will do where a foreign program has ours.
 * @throws {BrokerError} `callback_port_in_use`.
 */
export async function bindRedirect(
  parts: Parts,
  choice: RedirectChoice,
  options: { readonly listen: boolean; readonly mayMove: boolean; readonly issuerOfOwnPath?: string },
): Promise<BoundRedirect> {
  if (choice.kind === 'loopback') return bindExplicit(parts, choice.uri, options.listen);
  const path =
    choice.kind === 'default' && options.issuerOfOwnPath !== undefined
      ? `${CALLBACK_PATH}/${issuerPath(options.issuerOfOwnPath)}`
      : CALLBACK_PATH;
  const mayMove = choice.kind === 'default' && options.mayMove;
  const preferred = (mayMove ? await otherPort(parts) : undefined) ?? (await callbackPort(parts));
  const port = options.listen ? await serveCallbackPort(parts, preferred, mayMove) : preferred;
  const origin = `http://127.0.0.1:${port}`;
  const redirectUri = choice.kind === 'relay' ? choice.uri : `${origin}${path}`;
  return options.listen ? { redirectUri, listening: { host: '127.0.0.1', port, origin } } : { redirectUri };
}

/** The default redirect URI as it would be suggested for a client that the user creates. */
export async function suggestedRedirectUri(parts: Parts, choice: RedirectChoice): Promise<string> {
  return choice.kind === 'default' ? `http://127.0.0.1:${await callbackPort(parts)}${CALLBACK_PATH}` : choice.uri;
}

/** Has an explicit or the default port served again, for a sign-in that began earlier or in another process. */
export async function listenAgain(parts: Parts, redirectUri: string): Promise<BoundRedirect> {
  const url = new URL(redirectUri);
  return url.protocol === 'http:'
    ? bindExplicit(parts, redirectUri, true)
    : bindRedirect(parts, { kind: 'relay', uri: redirectUri }, { listen: true, mayMove: false });
}

/** Whether a foreign program has the port of a loopback redirect URI; where nobody has it, it is served from now on. */
export async function isPortForeign(parts: Parts, redirectUri: string): Promise<boolean> {
  const place = placeOf(redirectUri);
  return place !== undefined && (await parts.listener.serve(place)).kind === 'foreign';
}

async function bindExplicit(parts: Parts, redirectUri: string, listen: boolean): Promise<BoundRedirect> {
  const place = placeOf(redirectUri);
  if (!listen || place === undefined) return { redirectUri };
  const served = await parts.listener.serve(place);
  if (served.kind === 'foreign') throw portInUse(place.port);
  return { redirectUri, listening: { ...place, origin: new URL(redirectUri).origin } };
}

/** Where a loopback redirect URI is listened for. */
function placeOf(redirectUri: string): { readonly host: LoopbackHost; readonly port: number } | undefined {
  const url = new URL(redirectUri);
  const host = loopbackHost(url);
  return host === undefined ? undefined : { host, port: url.port === '' ? 80 : Number(url.port) };
}

/** Serves the callback's port; where a foreign program has it and we may, another that is remembered. */
async function serveCallbackPort(parts: Parts, preferred: number, mayMove: boolean): Promise<number> {
  const served = await parts.listener.serve({ host: '127.0.0.1', port: preferred });
  if (served.kind === 'serving') return served.port;
  const other = mayMove ? await parts.listener.serve({ host: '127.0.0.1', port: 0 }) : served;
  if (other.kind === 'foreign') throw portInUse(preferred);
  await rememberOtherPort(parts, other.port);
  return other.port;
}

function issuerPath(issuer: string): string {
  return createHash('sha256').update(issuer).digest('base64url').slice(0, 16);
}

function portInUse(port: number): BrokerError {
  return new BrokerError('callback_port_in_use', `Another program uses port ${port}, which the redirect URI names.`, {
    nextStep: `Ask the user to stop the program on port ${port}, or call connect_to_mcp_server with flow: "paste_back".`,
  });
}
