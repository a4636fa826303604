// @ts-check
/**
 * The only way out of the scripts: https (http on loopback), to addresses that the MCP server's own URL allows, checked
 * on the address that is really connected to. Bounded in time and size; nothing is redirected but the reading of metadata.
 * Extra certificates (NODE_EXTRA_CA_CERTS) and, where this Node knows it, NODE_USE_ENV_PROXY=1 are Node's own affair.
 */
import { lookup as resolveHost } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { classifyAddress, classifyHost } from './address-class.mjs';
import { Failure } from './failure.mjs';
import { isWithinReach, outOfReach, urlWithinReach } from './reach.mjs';

const TIMEOUT_MS = 10_000;
const BODY_MAX_BYTES = 262_144;
const REDIRECTS_MAX = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * @typedef {{ status: number, headers: Record<string, string | undefined>, body: Buffer }} Answer
 * @typedef {{ code: string, name: string, hint: string }} Asked what is asked, for the failure
 * @typedef {{ method?: string, headers?: Record<string, string>, body?: string, withoutBody?: boolean }} RequestInit
 */

/**
 * One request, no redirect followed.
 *
 * @param {string} url
 * @param {import('./reach.mjs').Reach} reach
 * @param {Asked} asked
 * @param {RequestInit} [init] `withoutBody`: the answer's body is not read
 * @returns {Promise<Answer>}
 * @throws {Failure} `url_not_allowed`, `insecure_url`; `asked.code` where no usable answer came
 */
export async function request(url, reach, asked, init = {}) {
  const target = urlWithinReach(url, asked.name, reach);
  try {
    return await send(target, reach, init);
  } catch (error) {
    if (error instanceof OutOfReach) throw outOfReach(asked.name);
    const reason = error instanceof Unusable ? error.message : networkReason(error);
    throw new Failure(asked.code, `The ${asked.name} ${reason}.`, asked.hint);
  }
}

/**
 * Reads metadata: GET, up to three redirects, each checked like the first URL.
 *
 * @param {string} url
 * @param {import('./reach.mjs').Reach} reach
 * @param {Asked} asked
 * @returns {Promise<Answer & { url: string }>}
 * @throws {Failure} as `request`
 */
export async function getMetadata(url, reach, asked) {
  let current = url;
  for (let hops = 0; ; hops += 1) {
    const answer = await request(current, reach, asked, { headers: { accept: 'application/json' } });
    if (!REDIRECTS.has(answer.status)) return { ...answer, url: current };
    const { location } = answer.headers;
    if (location === undefined || hops === REDIRECTS_MAX)
      throw new Failure(asked.code, `The ${asked.name} redirects too often, or nowhere.`, asked.hint);
    current = resolved(location, current);
  }
}

/** A URL that cannot be resolved is left as it is, to be refused as every other. @param {string} location @param {string} base */
function resolved(location, base) {
  try {
    return new URL(location, base).href;
  } catch {
    return location;
  }
}

/**
 * @param {URL} url
 * @param {import('./reach.mjs').Reach} reach
 * @param {RequestInit} init
 * @returns {Promise<Answer>}
 */
function send(url, reach, { method = 'GET', headers = {}, body, withoutBody = false }) {
  const { request: open, Agent } = url.protocol === 'https:' ? https : http;
  const isLoopback = classifyHost(url.hostname) === 'loopback';
  return new Promise((resolve, reject) => {
    const sent = open(
      url,
      {
        method,
        headers: { 'user-agent': 'mcp-server-oauth-scripts', 'accept-encoding': 'identity', ...headers },
        signal: AbortSignal.timeout(TIMEOUT_MS),
        // Loopback never goes through a proxy; behind one, it is the proxy that resolves names.
        ...(isLoopback ? { agent: new Agent() } : {}),
        ...(isLoopback || !goesThroughProxy(url) ? { lookup: checkedLookup(reach) } : {}),
      },
      (response) => {
        const answered = (/** @type {Buffer} */ bytes) =>
          resolve({ status: response.statusCode ?? 0, headers: joinedHeaders(response.headers), body: bytes });
        if (withoutBody) {
          answered(Buffer.alloc(0));
          response.destroy();
          return;
        }
        readBody(response).then(answered, (error) => {
          response.destroy();
          reject(error);
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** @param {import('node:http').IncomingMessage} response */
async function readBody(response) {
  const encoding = response.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') throw new Unusable('answered with a compressed body, which was not asked for');
  /** @type {Buffer[]} */
  const chunks = [];
  let length = 0;
  for await (const chunk of response) {
    length += chunk.length;
    if (length > BODY_MAX_BYTES) throw new Unusable(`answered with more than ${BODY_MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A header that came twice is one list (RFC 9110 section 5.3). @param {import('node:http').IncomingHttpHeaders} headers */
function joinedHeaders(headers) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

/**
 * Resolves a name and refuses it where any of its addresses is out of reach; what is checked is what is connected to.
 *
 * @param {import('./reach.mjs').Reach} reach
 * @returns {import('node:net').LookupFunction}
 */
function checkedLookup(reach) {
  return (hostname, options, callback) => {
    resolveHost(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const isAllowed = addresses.every(({ address }) => isWithinReach(classifyAddress(address), hostname, reach));
      const [first] = addresses;
      if (!isAllowed || first === undefined) return callback(new OutOfReach(), '', 0);
      return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
}

/** Whether Node sends a request for `url` through a proxy of the environment. @param {URL} url */
function goesThroughProxy(url) {
  if (process.env['NODE_USE_ENV_PROXY'] !== '1') return false;
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  return Boolean(process.env[name] || process.env[name.toUpperCase()]);
}

class OutOfReach extends Error {}
class Unusable extends Error {}

/** The kind of a network error: never its text, which may quote what was sent. @param {unknown} error */
function networkReason(error) {
  const { code, name } = /** @type {{ code?: unknown, name?: unknown }} */ (error ?? {});
  if (name === 'TimeoutError' || name === 'AbortError') return `did not answer within ${TIMEOUT_MS / 1000} seconds`;
  return `could not be reached (${typeof code === 'string' ? code : 'network error'})`;
}
