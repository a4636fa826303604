/**
 * What the three kinds of MCP server of the tests have in common towards HTTP.
 * The bearer gate has admitted a request before it gets here.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { Caller, FixtureTool } from './fixture-tools.js';

export interface McpExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly body: string;
  readonly caller: Caller | undefined;
}

export interface McpEndpoint {
  serve(exchange: McpExchange): Promise<void>;
  /** Forgets all sessions; a request with an old session id is then answered 404. Returns how many there were. */
  dropSessions(): Promise<number>;
  close(): Promise<void>;
}

export interface McpEndpointOptions {
  readonly tools: readonly FixtureTool[];
  /** Called before a tool runs. */
  readonly onCall: (tool: string) => void;
  readonly instructions: string;
}

export const SERVER_INFO = { name: 'protected-server', version: '1.0.0' } as const;

const startingWith =
  (words: readonly string[]) =>
  (start: string): string[] =>
    words.filter((word) => word.startsWith(start));

/** What completes the argument of the prompt `review`. */
export const languages = startingWith(['python', 'perl', 'typescript']);

/** What completes the variable of the template `note://topics/{topic}`. */
export const topics = startingWith(['apples', 'apricots', 'pears']);

/** The caller as both SDK lines carry it to a tool. */
export function authInfoOf(caller: Caller) {
  return { token: caller.token, clientId: '', scopes: [...caller.scopes], extra: { subject: caller.subject } };
}

export function callerOf(
  authInfo: { readonly token: string; readonly scopes: string[]; readonly extra?: Record<string, unknown> } | undefined,
): Caller | undefined {
  if (!authInfo) return undefined;
  return { token: authInfo.token, scopes: authInfo.scopes, subject: String(authInfo.extra?.subject) };
}

/** Lets a handler written for web standards answer a request of node:http. */
export async function serveFetch(
  { request, response, url, body }: McpExchange,
  handler: (request: Request) => Promise<Response>,
): Promise<void> {
  const disconnected = new AbortController();
  response.on('close', () => disconnected.abort());
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) if (typeof value === 'string') headers.set(name, value);
  const answer = await handler(
    new Request(url, {
      method: request.method ?? 'GET',
      headers,
      signal: disconnected.signal,
      ...(body !== '' && { body }),
    }),
  );
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (!answer.body) return void response.end();
  response.flushHeaders();
  Readable.fromWeb(answer.body as ReadableStream)
    .on('error', () => response.destroy())
    .pipe(response);
}
