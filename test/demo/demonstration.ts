/**
 * The steps of the demonstration, from the first call to the last: what a host does, and what its user does.
 */
import { setTimeout as wait } from 'node:timers/promises';
import {
  type AuthorizationServerEndpoint,
  type AuthorizationServerFixture,
  startAuthorizationServer,
} from '../support/authorization-server.js';
import { type BrokerAnswer, type BrokerProcess, type Payload, startBroker } from '../support/broker-process.js';
import { visit } from '../support/browser.js';
import { type ProtectedServerFixture, startProtectedServer } from '../support/protected-server.js';
import { createTranscript } from './transcript.js';

const SERVER_NAME = 'demo';
const PAYLOAD_MARK = 'mcp-oauth-broker/payload';
const ACCESS_TOKEN_TTL_SECONDS = 4;
/** A host gives up on a call after a minute; an agent waits for its user in several. */
const WAIT_SECONDS = 40;

interface Parts {
  readonly authorizationServer: AuthorizationServerFixture;
  readonly server: ProtectedServerFixture;
  readonly broker: BrokerProcess;
}

const transcript = createTranscript();

/** A step did not come to what it should; the message is for the person who watches. */
export class DemonstrationFailure extends Error {
  override readonly name = 'DemonstrationFailure';
}

/**
 * Rejects with a `DemonstrationFailure` when a step does not come to what it should, and when `signal` is aborted;
 * nothing is left behind then either.
 */
export async function runDemonstration({
  isAutomatic,
  signal,
}: {
  readonly isAutomatic: boolean;
  readonly signal: AbortSignal;
}): Promise<void> {
  const authorizationServer = await startAuthorizationServer({ accessTokenTtlSeconds: ACCESS_TOKEN_TTL_SECONDS });
  const server = await startProtectedServer({ authorizationServer, challengeScope: 'mcp:tools' });
  const broker = await startBroker();
  try {
    await Promise.race([demonstrate({ authorizationServer, server, broker }, isAutomatic), abandoned(signal)]);
  } finally {
    await broker.close();
    await server.close();
    await authorizationServer.close();
  }
}

function abandoned(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = (): void => reject(new DemonstrationFailure('Stopped; nothing is left behind.'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

async function demonstrate({ authorizationServer, server, broker }: Parts, isAutomatic: boolean): Promise<void> {
  transcript.step('An agent that knows a protected MCP server only by its URL connects');
  transcript.aside(`authorization server ${authorizationServer.issuer}, MCP server ${server.url}`);
  const asked = expectStatus(
    await ask(broker, 'connect_to_mcp_server', { serverName: SERVER_NAME, url: server.url }),
    'requires_auth',
  );

  transcript.step('The user signs in with a browser');
  if (isAutomatic) await signInAutomatically(String(asked.authUrl));
  else
    transcript.aside(`open this in your browser, then sign in and allow:\n\n   ${asked.launchUrl ?? asked.authUrl}\n`);

  transcript.step('The agent connects again');
  expectStatus(await connectUntilSignedIn(broker), 'success');

  transcript.step('It calls a tool of that server');
  await ask(broker, 'call_mcp_tool', { serverName: SERVER_NAME, toolName: 'whoami' });

  transcript.step(
    `The access token expires (it lives ${ACCESS_TOKEN_TTL_SECONDS} s), and the next call is refreshed silently`,
  );
  const refreshesBefore = authorizationServer.refreshCount();
  await wait(ACCESS_TOKEN_TTL_SECONDS * 1_000);
  await ask(broker, 'call_mcp_tool', {
    serverName: SERVER_NAME,
    toolName: 'echo',
    arguments: { text: 'nobody was asked' },
  });
  const refreshes = authorizationServer.refreshCount() - refreshesBefore;
  transcript.aside(`the authorization server saw ${refreshes} refresh and no new sign-in`);
  if (refreshes !== 1) throw new DemonstrationFailure(`1 refresh expected, ${refreshes} seen`);

  transcript.step('The agent clears the authorization: tokens are revoked and forgotten');
  expectStatus(await ask(broker, 'clear_mcp_auth', { serverName: SERVER_NAME }), 'success');
  const count = (endpoint: AuthorizationServerEndpoint) => authorizationServer.requests(endpoint).length;
  transcript.aside(`the authorization server revoked ${count('revocation')} tokens; in all of this it saw`);
  transcript.aside(`${count('authorization')} authorization request and ${count('token')} token requests`);
}

async function signInAutomatically(authUrl: string): Promise<void> {
  const page = await visit(authUrl);
  transcript.aside(
    `automatic: signed in as alice, allowed, and came back to ${new URL(page.finalUrl).origin} with status ${page.status}`,
  );
}

/** Asks, and prints both the question and the answer: our payload, or what the MCP server returned. */
async function ask(broker: BrokerProcess, tool: string, args: Readonly<Record<string, unknown>>): Promise<Payload> {
  transcript.asks(tool, args);
  const { payload, result } = await broker.call(tool, args);
  transcript.isTold(isOurs({ payload, result }) ? payload : result);
  return payload;
}

/** Each call waits as long as a host allows; only what is new is printed. */
async function connectUntilSignedIn(broker: BrokerProcess): Promise<Payload> {
  const tool = 'connect_to_mcp_server';
  const args = { serverName: SERVER_NAME, waitSeconds: WAIT_SECONDS };
  transcript.asks(tool, args);
  for (let isFirst = true; ; isFirst = false) {
    const { payload } = await broker.call(tool, args);
    if (payload.status !== 'requires_auth') {
      transcript.isTold(payload);
      return payload;
    }
    if (isFirst) transcript.aside('waiting for you to sign in (Ctrl-C stops)');
  }
}

function isOurs({ payload, result }: BrokerAnswer): boolean {
  return result._meta?.[PAYLOAD_MARK] === true && payload.status !== undefined;
}

function expectStatus(payload: Payload, status: string): Payload {
  if (payload.status === status) return payload;
  const why = payload.status === 'error' ? `: ${payload.error}` : '';
  throw new DemonstrationFailure(`The demonstration ends here, with ${payload.status}${why}`);
}
