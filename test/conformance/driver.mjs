/**
 * The client under test of the conformance suite: the broker, driven over stdio as an agent and its user would.
 * The suite appends the server's URL to the command and tells the scenario in the environment.
 * Exit code 1 when the broker ended in an error or the sign-in went on for too long.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const BROKER = resolve(import.meta.dirname, '../../dist/main.js');
const SERVER_NAME = 'conformance';
/** The suite's own client ID metadata document. Given only where it is what is tested, so that elsewhere registration is. */
const CLIENT_METADATA_URL = 'https://conformance-test.local/client-metadata.json';
const FAILED = ['error', 'requires_oauth_config'];
/** JSON-RPC: the server has no such method. Some scenarios serve no more than they look at. */
const METHOD_NOT_FOUND = -32_601;
const MAX_SIGN_INS = 6;
const MAX_REDIRECTS = 10;

const url = process.argv.at(-1);
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? '';
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');

const home = await mkdtemp(join(tmpdir(), 'mcp-oauth-conformance-'));
const agent = new Client({ name: 'conformance-driver', version: '1.0.0' }, hostOptions());
// The user agrees to whatever is asked, and leaves every field at its default.
agent.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: {} }));
try {
  const isInFile = await writeServersFile();
  await agent.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [BROKER],
      cwd: home,
      env: brokerEnvironment(),
      stderr: 'inherit',
    }),
  );
  await useServer(isInFile);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await agent.close();
  await rm(home, { recursive: true, force: true });
}

/** A host of the revision that is asked for. */
function hostOptions() {
  const isModern = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION === '2026-07-28';
  return {
    capabilities: { elicitation: { form: { applyDefaults: true } } },
    ...(isModern && { versionNegotiation: { mode: 'auto' } }),
  };
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

/** The user's file, for the grants that no call can choose. Returns whether the server stands in it. */
async function writeServersFile() {
  const oauth = await unattendedGrant();
  if (oauth === undefined) return false;
  await writeFile(join(home, 'servers.json'), JSON.stringify({ mcpServers: { [SERVER_NAME]: { url, oauth } } }));
  return true;
}

async function unattendedGrant() {
  const client = { clientId: context.client_id, clientSecret: context.client_secret };
  switch (scenario) {
    case 'auth/client-credentials-basic':
      return { grantType: 'client_credentials', ...client };
    case 'auth/client-credentials-jwt': {
      const privateKey = await fileOf('client.pem', context.private_key_pem);
      return { grantType: 'client_credentials', ...client, privateKey, signingAlg: context.signing_algorithm };
    }
    case 'auth/wif-jwt-bearer':
      return { grantType: 'jwt_bearer', ...client, assertion: await fileOf('workload.jwt', context.valid_jwt) };
    case 'auth/enterprise-managed-authorization': {
      const idp = { issuer: context.idp_issuer, clientId: context.idp_client_id };
      return { grantType: 'id_jag', ...client, assertion: await fileOf('id-token', context.idp_id_token), idp };
    }
    default:
      return undefined;
  }
}

async function fileOf(name, content) {
  const path = join(home, name);
  await writeFile(path, content);
  return { source: 'file', path };
}

/** Connects, lists, and calls every tool, or as the scenario says; each may ask for a sign-in. Then resources and prompts. */
async function useServer(isInFile) {
  await connect(isInFile);
  const { tools } = await signedIn(() => call('search_mcp_tools', { serverName: SERVER_NAME, limit: 100 }));
  for (const { name, arguments: args } of context.toolCalls ?? tools.map((tool) => sampleCall(tool, tools)))
    await signedIn(() => call('call_mcp_tool', { serverName: SERVER_NAME, toolName: name, arguments: args }));
  if (scenario.startsWith('auth/')) return;
  const { resources = [] } = await signedIn(() => call('read_mcp_resource', { serverName: SERVER_NAME }));
  for (const { uri } of resources) await signedIn(() => call('read_mcp_resource', { serverName: SERVER_NAME, uri }));
  const { prompts } = await agent.listPrompts();
  for (const { name, arguments: parameters = [] } of prompts)
    await agent.getPrompt({ name, arguments: Object.fromEntries(parameters.map((one) => [one.name, 'x'])) });
}

function connect(isInFile) {
  if (isInFile) return signedIn(() => call('connect_to_mcp_server', { serverName: SERVER_NAME }));
  const client =
    context.client_id === undefined ? {} : { clientId: context.client_id, clientSecret: context.client_secret };
  return signedIn(() => call('connect_to_mcp_server', { serverName: SERVER_NAME, url, ...client }));
}

/** Repeats what needs a sign-in until it needs none. */
async function signedIn(attempt) {
  for (let signIns = 0; signIns < MAX_SIGN_INS; signIns += 1) {
    const payload = await attempt();
    if (payload.upstreamError?.code === METHOD_NOT_FOUND) return {};
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

/** A call with the least that its schema asks for. A `schema` is that of another tool, as it arrived here. */
function sampleCall({ name, inputSchema: { properties = {}, required = [] } }, tools) {
  const schema = tools.find((tool) => tool.name !== name)?.inputSchema ?? {};
  const samples = { string: 'x', number: 1, integer: 1, boolean: true, array: [], object: {} };
  const sampleOf = (parameter) => (parameter === 'schema' ? schema : (samples[properties[parameter]?.type] ?? null));
  return { name, arguments: Object.fromEntries(required.map((parameter) => [parameter, sampleOf(parameter)])) };
}
