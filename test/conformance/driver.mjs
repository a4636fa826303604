/**
 * The client under test of the conformance suite: the broker, driven over stdio as an agent and its user would.
 * The suite appends the server's URL to the command and tells the scenario in the environment.
 * Exit code 1 when the broker ended in an error or the sign-in went on for too long.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const BROKER = resolve(import.meta.dirname, '../../dist/main.js');
const SERVER_NAME = 'conformance';
/** The suite's own client ID metadata document. Given only where it is what is tested, so that elsewhere registration is. */
const CLIENT_METADATA_URL = 'https://conformance-test.local/client-metadata.json';
const FAILED = ['error', 'requires_oauth_config'];
const MAX_SIGN_INS = 6;
const MAX_REDIRECTS = 10;

const url = process.argv.at(-1);
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? '';
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');

const home = await mkdtemp(join(tmpdir(), 'mcp-oauth-conformance-'));
const agent = new Client({ name: 'conformance-driver', version: '1.0.0' });
try {
  await agent.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [BROKER],
      cwd: home,
      env: brokerEnvironment(),
      stderr: 'inherit',
    }),
  );
  await useServer();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await agent.close();
  await rm(home, { recursive: true, force: true });
}

function brokerEnvironment() {
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    MCP_OAUTH_HOME: home,
    MCP_OAUTH_KEY: randomBytes(32).toString('base64'),
    MCP_OAUTH_CALLBACK_PORT: '0',
    ...(scenario === 'auth/basic-cimd' && { MCP_OAUTH_CLIENT_METADATA_URL: CLIENT_METADATA_URL }),
  };
}

/** Connects, lists, and calls every tool; each of the three may ask for a sign-in. */
async function useServer() {
  await connect();
  const { tools } = await signedIn(() => call('search_mcp_tools', { serverName: SERVER_NAME, limit: 100 }));
  for (const { name, inputSchema } of tools) {
    await signedIn(() =>
      call('call_mcp_tool', { serverName: SERVER_NAME, toolName: name, arguments: sampleArguments(inputSchema) }),
    );
  }
}

function connect() {
  const client =
    context.client_id === undefined ? {} : { clientId: context.client_id, clientSecret: context.client_secret };
  return signedIn(() => call('connect_to_mcp_server', { serverName: SERVER_NAME, url, ...client }));
}

/** Repeats what needs a sign-in until it needs none. */
async function signedIn(attempt) {
  for (let signIns = 0; signIns < MAX_SIGN_INS; signIns += 1) {
    const payload = await attempt();
    if (FAILED.includes(payload.status)) throw new Error(JSON.stringify(payload));
    if (payload.status !== 'requires_auth') return payload;
    console.error(`requires_auth: ${payload.reason ?? 'first sign-in'}, scope ${payload.scope ?? 'none'}`);
    await followInBrowser(payload.authUrl);
  }
  throw new Error(`Still not signed in after ${MAX_SIGN_INS} times`);
}

async function call(name, args) {
  const { structuredContent } = await agent.callTool({ name, arguments: args });
  return structuredContent ?? {};
}

/** The suite's authorization server consents by itself: following redirects is all there is to do. */
async function followInBrowser(authUrl) {
  let next = new URL(authUrl);
  for (let redirects = 0; redirects < MAX_REDIRECTS; redirects += 1) {
    if (!['127.0.0.1', 'localhost', '[::1]'].includes(next.hostname)) throw new Error(`Not on loopback: ${next.host}`);
    const response = await fetch(next, { redirect: 'manual' });
    await response.body?.cancel();
    const location = response.headers.get('location');
    if (location === null) return;
    next = new URL(location, next);
  }
  throw new Error(`More than ${MAX_REDIRECTS} redirects`);
}

function sampleArguments({ properties = {}, required = [] }) {
  const samples = { string: 'x', number: 1, integer: 1, boolean: true, array: [], object: {} };
  return Object.fromEntries(required.map((name) => [name, samples[properties[name]?.type] ?? null]));
}
