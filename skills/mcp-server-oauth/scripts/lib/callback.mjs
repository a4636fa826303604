// @ts-check
/** The answer at the redirect URI: believed only after every check (RFC 6749 section 4.1.2, RFC 9207), and how to wait for it. */
import { timingSafeEqual } from 'node:crypto';
import http from 'node:http';
import { Failure, serverWords } from './failure.mjs';
import { parsedUrl } from './reach.mjs';

/** RFC 6749 section 3.1: none of them may come twice. */
const PARAMETERS = ['state', 'code', 'iss', 'error', 'error_description'];
const HEADER_TIMEOUT_MS = 5_000;
const PAGE_HEADERS = {
  'content-type': 'text/plain; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  connection: 'close',
};
const BEGIN_AGAIN = 'Begin again with build-auth-url.js and open the new URL.';

/** @typedef {{ state: string | undefined, issuer: string | undefined, issIsRequired: boolean }} Expected */

/**
 * The code of an answer.
 *
 * @param {URLSearchParams} answer
 * @param {Expected} expected `state` and `issuer` undefined where nobody kept them
 * @returns {string}
 * @throws {Failure} `state_invalid`, `issuer_mismatch`, `authorization_denied`, `authorization_failed`
 */
export function codeOf(answer, { state, issuer, issIsRequired }) {
  const isTwice = PARAMETERS.some((name) => answer.getAll(name).length > 1);
  if (isTwice || (state !== undefined && !isSame(answer.get('state') ?? '', state)))
    throw new Failure(
      'state_invalid',
      'The answer does not belong to the authorization URL that was built.',
      `Copy the whole address that the browser ended on, after signing in at the newest URL. ${BEGIN_AGAIN}`,
    );
  const iss = answer.get('iss');
  if (iss === null ? issIsRequired : issuer !== undefined && iss !== issuer)
    throw new Failure(
      'issuer_mismatch',
      'The answer does not come from the authorization server that was asked.',
      'Do not use its code anywhere.',
    );
  const error = answer.get('error');
  const code = answer.get('code');
  if (error === 'access_denied')
    throw new Failure('authorization_denied', 'The sign-in was refused.', 'Ask the user before beginning again.');
  if (error !== null || code === null || !/^[\x20-\x7e]{1,4096}$/u.test(code)) {
    const words = serverWords(error, 100);
    throw new Failure(
      'authorization_failed',
      'The authorization server gave no code.',
      BEGIN_AGAIN,
      words === undefined ? {} : { server_error: words },
    );
  }
  return code;
}

/**
 * The parameters of a pasted address: the whole of it, or its query.
 *
 * @param {string} pasted
 */
export function pastedAnswer(pasted) {
  const url = parsedUrl(pasted);
  return url === undefined
    ? new URLSearchParams(pasted.replace(/^[^?]*\?/u, '').replace(/#.*$/u, ''))
    : url.searchParams;
}

/**
 * Listens at a loopback redirect URI until an answer with the right `state` comes. Anything else gets a page that says
 * nothing, and the wait goes on.
 *
 * @param {URL} redirectUri http on 127.0.0.1, [::1] or localhost
 * @param {string} state
 * @param {number} timeoutMs
 * @returns {Promise<URLSearchParams>}
 * @throws {Failure} `callback_port_in_use`, `state_expired`
 * @see RFC 8252 section 7.3
 */
export async function waitForAnswer(redirectUri, state, timeoutMs) {
  // Of the name `localhost` both addresses are ours, or a neighbour could take the other one.
  const hosts =
    redirectUri.hostname === 'localhost' ? ['127.0.0.1', '::1'] : [redirectUri.hostname.replace(/^\[|\]$/gu, '')];
  /** @type {http.Server[]} */
  const servers = [];
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  try {
    return await new Promise((resolve, reject) => {
      const late = new Failure('state_expired', 'Nobody signed in within the time allowed.', BEGIN_AGAIN);
      timer = setTimeout(() => reject(late), timeoutMs);
      for (const host of hosts) {
        const server = http.createServer((request, response) =>
          answerPage(request, response, redirectUri, state, resolve),
        );
        server.headersTimeout = HEADER_TIMEOUT_MS;
        server.on('error', (error) => {
          // A machine without IPv6 has no ::1 that a neighbour could take.
          if (host === '::1' && hosts.length > 1 && !isInUse(error)) return;
          reject(
            new Failure(
              'callback_port_in_use',
              `Port ${redirectUri.port || '80'} could not be listened on.`,
              'Stop the program that listens there, use another redirect URI, or give the address that the browser ends on with --callback-url.',
            ),
          );
        });
        server.listen(Number(redirectUri.port || 80), host);
        servers.push(server);
      }
    });
  } finally {
    clearTimeout(timer);
    for (const server of servers) server.close();
  }
}

/**
 * @param {http.IncomingMessage} request
 * @param {http.ServerResponse} response
 * @param {URL} redirectUri
 * @param {string} state
 * @param {(answer: URLSearchParams) => void} resolve
 */
function answerPage(request, response, redirectUri, state, resolve) {
  const asked =
    request.headers.host === redirectUri.host ? parsedUrl(`http://${redirectUri.host}${request.url}`) : undefined;
  const states = asked?.searchParams.getAll('state') ?? [];
  const isOurs = request.method === 'GET' && asked?.pathname === redirectUri.pathname && states.length === 1;
  if (!isOurs || asked === undefined || !isSame(states[0] ?? '', state)) {
    response.writeHead(400, PAGE_HEADERS).end('This page is for one sign-in only, and this was not it.\n');
    return;
  }
  response.writeHead(200, PAGE_HEADERS).end('The answer has arrived. You can close this window and go back.\n');
  response.on('close', () => resolve(asked.searchParams));
}

/** @param {string} a @param {string} b */
function isSame(a, b) {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** @param {Error & { code?: string }} error */
function isInUse(error) {
  return error.code === 'EADDRINUSE';
}
