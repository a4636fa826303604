/**
 * A reverse proxy before a real server that counts every request and, when a test says so, bends one.
 * What it forwards streams through untouched, so Server-Sent Events pass as well.
 */
import { Agent, request as forwardRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { resetConnection, sendAnswer, sendPatched, sendTruncated, streamThrough } from './answers.js';
import { type Bend, createBends } from './bend.js';
import { listenOnLoopback } from './loopback-http.js';
import { hasParameters, parametersOf, type RecordedRequest, readBody } from './request-log.js';

export interface Front<Endpoint extends string> {
  readonly origin: string;
  readonly port: number;
  /** Requests received so far, oldest first, bent ones included. */
  requests(endpoint?: Endpoint, parameters?: Readonly<Record<string, string>>): readonly RecordedRequest<Endpoint>[];
  /** Of several bends that match a request, the oldest one counts. */
  bend(bend: Bend<Endpoint>): void;
  /** Ends every bend. */
  straighten(): void;
  /** Forgets the requests received so far. */
  forgetRequests(): void;
  close(): Promise<void>;
}

interface FrontOptions<Endpoint extends string> {
  /** Origin of the real server for a path; it may be known only after the front listens. */
  readonly target: (path: string) => string;
  readonly endpointOf: (method: string, path: string) => Endpoint;
  readonly port?: number;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
}

/** Starts a front on 127.0.0.1. It passes `Host` on as received, so the real server speaks of the front's origin. */
export async function startFront<Endpoint extends string>(options: FrontOptions<Endpoint>): Promise<Front<Endpoint>> {
  const agent = new Agent({ keepAlive: true });
  const bends = createBends<Endpoint>();
  let recorded: RecordedRequest<Endpoint>[] = [];

  const server = await listenOnLoopback((request, response) => {
    receive(request, response).catch(() => response.destroy());
  }, options.port);

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = { request, response, body: await readBody(request) };
    const record = describe(exchange);
    recorded.push(record);
    const bend = bends.take(record);
    if (!bend) return streamThrough(await forward(exchange), response);
    await bend.holdBefore;
    if (bend.beforeForward === 'reset') return resetConnection(request);
    const { respond } = bend;
    if (respond) return sendAnswer(response, typeof respond === 'function' ? respond(record) : respond);
    await forwardBent(exchange, bend);
  }

  async function forwardBent(exchange: Exchange, bend: Bend<Endpoint>): Promise<void> {
    const { request, response } = exchange;
    const real = await forward(exchange);
    bend.onForwarded?.();
    await bend.holdAfter;
    if (!bend.patch && !bend.afterForward) return streamThrough(real, response);
    const body = await readBody(real);
    if (bend.afterForward === 'reset') return resetConnection(request);
    if (bend.afterForward === 'truncate') return sendTruncated(real, body, response);
    sendPatched(real, body, bend.patch ?? {}, response);
  }

  function describe({ request, body }: Exchange): RecordedRequest<Endpoint> {
    const url = new URL(request.url ?? '/', server.origin);
    const method = request.method ?? 'GET';
    const text = body.toString('utf8');
    return {
      endpoint: options.endpointOf(method, url.pathname),
      method,
      path: url.pathname,
      headers: request.headers,
      parameters: parametersOf(url, request.headers['content-type'], text),
      body: text,
      receivedAt: Date.now(),
    };
  }

  function forward({ request, response, body }: Exchange): Promise<IncomingMessage> {
    const { method = 'GET', headers } = request;
    const { pathname, search } = new URL(request.url ?? '/', server.origin);
    const url = new URL(`${pathname}${search}`, options.target(pathname));
    return new Promise((resolve, reject) => {
      const outgoing = forwardRequest(url, { agent, method, headers }, resolve);
      outgoing.on('error', reject);
      response.on('close', () => outgoing.destroy());
      outgoing.end(body);
    });
  }

  return {
    origin: server.origin,
    port: server.port,
    requests: (endpoint, parameters) =>
      recorded.filter(
        (record) => (endpoint === undefined || record.endpoint === endpoint) && hasParameters(record, parameters),
      ),
    bend: bends.add,
    straighten: bends.clear,
    forgetRequests: () => {
      recorded = [];
    },
    close: async () => {
      agent.destroy();
      await server.close();
    },
  };
}
