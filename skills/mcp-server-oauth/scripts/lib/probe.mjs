// @ts-check
/** Asks an MCP server, without a credential, whether it lets us in. */
import { Failure } from './failure.mjs';
import { request } from './http.mjs';

const LEGACY_VERSION = '2025-11-25';
const MODERN_VERSION = '2026-07-28';
const CLIENT = { name: 'mcp-server-oauth-scripts', version: '1.0.0' };
const ASKED = {
  code: 'upstream_unreachable',
  name: 'MCP server',
  hint: 'Check the URL and the network, then run the script again.',
};

/**
 * @typedef {{ kind: 'open' } | { kind: 'refused', status: number, wwwAuthenticate: string | undefined }} Probe
 */

/**
 * POST `initialize`; where that is a 400, `server/discover`; where there is no POST, the legacy event stream.
 *
 * @param {URL} serverUrl
 * @param {import('./reach.mjs').Reach} reach
 * @param {Record<string, string>} [headers] sent along, e.g. an `authorization`
 * @returns {Promise<Probe>} `refused` for 401 and 403, and for 404 and 405, behind which authorization may hide
 * @throws {Failure} `upstream_unreachable`, `upstream_protocol_error`, `url_not_allowed`, `insecure_url`
 */
export async function probe(serverUrl, reach, headers = {}) {
  const initialized = await ask(serverUrl, reach, post(initializeRequest(), headers));
  if (initialized.kind !== 'other') return initialized;
  if (initialized.status === 404 || initialized.status === 405) {
    const stream = await ask(serverUrl, reach, { headers: { ...headers, accept: 'text/event-stream' } });
    return stream.kind === 'other'
      ? { kind: 'refused', status: initialized.status, wwwAuthenticate: undefined }
      : stream;
  }
  if (initialized.status !== 400) throw notMcp(initialized.status);
  const modern = { 'mcp-protocol-version': MODERN_VERSION, 'mcp-method': 'server/discover' };
  const discovered = await ask(serverUrl, reach, post(discoverRequest(), { ...headers, ...modern }));
  if (discovered.kind !== 'other') return discovered;
  throw notMcp(discovered.status);
}

/**
 * @param {URL} serverUrl
 * @param {import('./reach.mjs').Reach} reach
 * @param {import('./http.mjs').RequestInit} init
 * @returns {Promise<Probe | { kind: 'other', status: number }>}
 */
async function ask(serverUrl, reach, init) {
  const { status, headers } = await request(serverUrl.href, reach, ASKED, { ...init, withoutBody: true });
  if (status === 401 || status === 403)
    return { kind: 'refused', status, wwwAuthenticate: headers['www-authenticate'] };
  if (status >= 500) throw new Failure(ASKED.code, `The MCP server answered with status ${status}.`, ASKED.hint);
  if (status < 200 || status >= 300) return { kind: 'other', status };
  await endSession(serverUrl, reach, headers['mcp-session-id'], init.headers ?? {});
  return { kind: 'open' };
}

/** The probe leaves no session behind; whatever the answer, it has its own. */
async function endSession(
  /** @type {URL} */ serverUrl,
  /** @type {import('./reach.mjs').Reach} */ reach,
  /** @type {string | undefined} */ sessionId,
  /** @type {Record<string, string>} */ sent,
) {
  if (sessionId === undefined) return;
  const headers = { ...sent, 'mcp-session-id': sessionId, 'mcp-protocol-version': LEGACY_VERSION };
  await request(serverUrl.href, reach, ASKED, { method: 'DELETE', headers, withoutBody: true }).catch(() => {});
}

/** @param {object} message @param {Record<string, string>} headers */
function post(message, headers) {
  const types = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  return { method: 'POST', headers: { ...types, ...headers }, body: JSON.stringify(message) };
}

function initializeRequest() {
  const params = { protocolVersion: LEGACY_VERSION, capabilities: {}, clientInfo: CLIENT };
  return { jsonrpc: '2.0', id: 0, method: 'initialize', params };
}

function discoverRequest() {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN_VERSION,
    'io.modelcontextprotocol/clientInfo': CLIENT,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return { jsonrpc: '2.0', id: 0, method: 'server/discover', params: { _meta: meta } };
}

/** @param {number} status */
function notMcp(status) {
  return new Failure(
    'upstream_protocol_error',
    `The server answered with status ${status}, not as an MCP server does.`,
    'Check the path of the URL: it is the MCP endpoint, often ending in /mcp or /sse.',
  );
}
