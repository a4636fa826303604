/**
 * MCP servers of every era whose tools ask the user, the model and the host for something, and tell them things.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { McpServer as OlderServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import {
  CreateMessageResultSchema,
  ElicitResultSchema,
  ListRootsResultSchema,
  RootsListChangedNotificationSchema,
  type ServerNotification,
  type ServerRequest,
} from '@modelcontextprotocol/sdk/types.js';
import { createMcpHandler, inputRequired, McpServer, type ServerContext } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { listenOnLoopback } from './loopback-http.js';
import { SERVER_INFO, serveFetch } from './mcp-endpoint.js';

/** `legacy`: a call's questions come by its own stream. `standalone`: by the stream of the session. */
export type AskingKind = 'legacy' | 'standalone' | 'sse' | 'modern';

export interface AskingServer {
  readonly url: string;
  /** What clients declared that they can answer, oldest first: at `initialize`, or with a call. */
  readonly declared: unknown[];
  /** The `requestState`s that came back, oldest first. */
  readonly states: unknown[];
  readonly levels: unknown[];
  /** What happened, in order: `roots_changed`, `cancelled`, … */
  readonly events: string[];
  /** Resolves when that has happened, or has happened before. */
  happened(event: string): Promise<void>;
  /** What a tool waits for. */
  note(event: string): void;
  close(): Promise<void>;
}

/** Rejects only at the end of the test's patience. */
interface Events {
  readonly seen: string[];
  note(event: string): void;
  happened(event: string): Promise<void>;
}

const FORM = {
  type: 'object' as const,
  properties: { colour: { type: 'string' as const } },
  required: ['colour'],
};

const QUESTIONS = {
  form: { message: 'Which\u001b[31m colour\nis it?', requestedSchema: FORM },
  url: { message: 'Pay here', url: 'https://pay.example/now' },
  sample: { messages: [{ role: 'user' as const, content: { type: 'text' as const, text: 'Say hi' } }], maxTokens: 10 },
};

export async function startAskingServer(kind: AskingKind): Promise<AskingServer> {
  const declared: unknown[] = [];
  const states: unknown[] = [];
  const levels: unknown[] = [];
  const events = createEvents();
  const endpoint =
    kind === 'modern'
      ? modernEndpoint(states, events)
      : kind === 'sse'
        ? sseEndpoint(events)
        : olderEndpoint(kind, events);
  const server = await listenOnLoopback((request, response) => {
    void readText(request).then((body) => {
      const rpc = body === '' ? {} : (JSON.parse(body) as Rpc);
      if (rpc.method === 'initialize') declared.push(rpc.params?.capabilities);
      if (rpc.method === 'logging/setLevel') levels.push(rpc.params?.level);
      const meta = rpc.params?._meta;
      if (rpc.method === 'tools/call' && meta?.[CAPABILITIES] !== undefined) {
        declared.push(meta[CAPABILITIES]);
        levels.push(meta[LEVEL]);
      }
      const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
      return endpoint.serve({ request, response, url, body, caller: undefined });
    });
  });
  return {
    url: `${server.origin}/mcp`,
    declared,
    states,
    levels,
    events: events.seen,
    happened: events.happened,
    note: events.note,
    close: async () => {
      await endpoint.close();
      await server.close();
    },
  };
}

const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const LEVEL = 'io.modelcontextprotocol/logLevel';

interface Rpc {
  readonly method?: string;
  readonly params?: { readonly [key: string]: unknown; readonly _meta?: Readonly<Record<string, unknown>> };
}

type Exchange = Parameters<typeof serveFetch>[0];

interface Endpoint {
  serve(exchange: Exchange): Promise<unknown>;
  close(): Promise<void>;
}

function olderEndpoint(kind: 'legacy' | 'standalone', events: Events): Endpoint {
  const transports = new Map<string, WebStandardStreamableHTTPServerTransport>();
  const open = async (): Promise<WebStandardStreamableHTTPServerTransport> => {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void transports.set(id, transport),
    });
    await olderServer(kind, events).connect(transport as never);
    return transport;
  };
  return {
    serve: async (exchange) => {
      const id = exchange.request.headers['mcp-session-id'];
      const transport = (typeof id === 'string' ? transports.get(id) : undefined) ?? (await open());
      return serveFetch(exchange, (request) => transport.handleRequest(request));
    },
    close: async () => {
      for (const transport of transports.values()) await transport.close();
    },
  };
}

function sseEndpoint(events: Events): Endpoint {
  const transports = new Map<string, SSEServerTransport>();
  return {
    serve: async ({ request, response, url, body }) => {
      if (request.method === 'GET') {
        const transport = new SSEServerTransport(url.pathname, response);
        transports.set(transport.sessionId, transport);
        return olderServer('sse', events).connect(transport);
      }
      const transport = transports.get(url.searchParams.get('sessionId') ?? '');
      if (transport === undefined) return response.writeHead(405, { allow: 'GET' }).end();
      return transport.handlePostMessage(request, response, JSON.parse(body));
    },
    close: async () => {
      for (const transport of transports.values()) await transport.close();
    },
  };
}

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** By the 1.x SDK. */
function olderServer(kind: Exclude<AskingKind, 'modern'>, events: Events): OlderServer {
  const mcp = new OlderServer(SERVER_INFO, { capabilities: { logging: {} } });
  const { server } = mcp;
  server.setNotificationHandler(RootsListChangedNotificationSchema, () => events.note('roots_changed'));
  const isRelated = kind === 'legacy';
  const tool = (name: string, run: (extra: Extra) => Promise<unknown>): void => {
    mcp.registerTool(name, { inputSchema: {} }, async (_args, extra) => answered(run(extra)));
  };
  const related = (extra: Extra) => (isRelated ? { relatedRequestId: extra.requestId } : {});

  tool('form', async (extra) => {
    const params = { mode: 'form' as const, ...QUESTIONS.form };
    return server.request({ method: 'elicitation/create', params }, ElicitResultSchema, {
      ...related(extra),
      signal: extra.signal,
    });
  });
  tool('url', async (extra) => {
    const elicitationId = 'upstream-id';
    const params = { mode: 'url' as const, elicitationId, ...QUESTIONS.url };
    const result = await server.request({ method: 'elicitation/create', params }, ElicitResultSchema, related(extra));
    await server.notification(
      { method: 'notifications/elicitation/complete', params: { elicitationId } },
      related(extra),
    );
    return result;
  });
  tool('bad_url', (extra) =>
    server.request(
      {
        method: 'elicitation/create',
        params: { mode: 'url', elicitationId: 'x', message: 'Look', url: 'file:///etc/passwd' },
      },
      ElicitResultSchema,
      related(extra),
    ),
  );
  tool('sample', (extra) =>
    server.request(
      { method: 'sampling/createMessage', params: QUESTIONS.sample },
      CreateMessageResultSchema,
      related(extra),
    ),
  );
  tool('roots', (extra) => server.request({ method: 'roots/list' }, ListRootsResultSchema, related(extra)));
  tool('both', async (extra) => {
    const colour = await server.request(
      { method: 'elicitation/create', params: { mode: 'form', ...QUESTIONS.form } },
      ElicitResultSchema,
      related(extra),
    );
    const roots = await server.request({ method: 'roots/list' }, ListRootsResultSchema, related(extra));
    return { colour, roots };
  });
  tool('log', async (extra) => {
    for (const level of ['debug', 'info', 'error'] as const)
      await server.notification(
        { method: 'notifications/message', params: { level, logger: 'db', data: `at ${level}` } },
        related(extra),
      );
    // By another stream than the answer's it might come later than that.
    await server.ping();
    return 'logged';
  });
  tool('ask_beside', async (extra) => {
    const asked = server.request({ method: 'roots/list' }, ListRootsResultSchema, related(extra));
    asked.then(
      () => events.note('answered'),
      () => events.note('refused'),
    );
    await events.happened('asked');
    return 'done';
  });
  tool('withdraw', async (extra) => {
    const withdrawing = new AbortController();
    const asked = server.request({ method: 'roots/list' }, ListRootsResultSchema, {
      ...related(extra),
      signal: withdrawing.signal,
    });
    void events.happened('withdraw').then(() => withdrawing.abort('never mind'));
    return asked.catch(() => 'withdrawn');
  });
  mcp.registerTool('repeat', { inputSchema: { text: z.string() } }, async ({ text }, extra) => {
    await server.notification(
      { method: 'notifications/message', params: { level: 'info', data: { text } } },
      related(extra),
    );
    const params = { mode: 'form' as const, ...QUESTIONS.form, message: text };
    return answered(server.request({ method: 'elicitation/create', params }, ElicitResultSchema, related(extra)));
  });
  tool('form_later', async (extra) => {
    events.note('waiting');
    await events.happened('go');
    const params = { mode: 'form' as const, ...QUESTIONS.form };
    return server.request({ method: 'elicitation/create', params }, ElicitResultSchema, related(extra));
  });
  tool('form_then_hang', async (extra) => {
    extra.signal.addEventListener('abort', () => events.note('cancelled'));
    const params = { mode: 'form' as const, ...QUESTIONS.form };
    await server.request({ method: 'elicitation/create', params }, ElicitResultSchema, related(extra));
    events.note('hanging');
    return new Promise(() => {});
  });
  tool('hang', async (extra) => {
    extra.signal.addEventListener('abort', () => events.note('cancelled'));
    events.note('hanging');
    return new Promise(() => {});
  });
  return mcp;
}

function modernEndpoint(states: unknown[], events: Events): Endpoint {
  const handler = createMcpHandler(() => modernServer(states, events), { legacy: 'reject' });
  return {
    serve: (exchange) => serveFetch(exchange, (request) => handler.fetch(request)),
    close: () => handler.close(),
  };
}

type Asked = Parameters<typeof inputRequired>[0];

/** By the 2.x SDK. */
function modernServer(states: unknown[], events: Events): McpServer {
  const mcp = new McpServer(SERVER_INFO, { capabilities: { logging: {} } });
  const tool = (name: string, run: (context: ServerContext) => Promise<unknown>): void => {
    mcp.registerTool(name, { inputSchema: z.object({}) }, async (_args, context) => answered(run(context)) as never);
  };
  /** Asks once, and gives what was answered. */
  const asks = (name: string, asked: Asked): void =>
    tool(name, async ({ mcpReq }) => {
      states.push(mcpReq.requestState());
      if (mcpReq.inputResponses === undefined) return inputRequired({ ...asked, requestState: `state of ${name}` });
      return mcpReq.inputResponses['one'];
    });

  asks('form', { inputRequests: { one: inputRequired.elicit(QUESTIONS.form) } });
  asks('url', { inputRequests: { one: inputRequired.elicitUrl(QUESTIONS.url) } });
  asks('bad_url', { inputRequests: { one: inputRequired.elicitUrl({ message: 'Look', url: 'file:///etc/passwd' }) } });
  asks('sample', { inputRequests: { one: inputRequired.createMessage(QUESTIONS.sample) } });
  asks('roots', { inputRequests: { one: inputRequired.listRoots() } });
  tool('both', async ({ mcpReq }) => {
    const { inputResponses } = mcpReq;
    const state = mcpReq.requestState<string>();
    states.push(state);
    if (state === undefined)
      return inputRequired({ inputRequests: { colour: inputRequired.elicit(QUESTIONS.form) }, requestState: '{}' });
    const known = JSON.parse(state) as Record<string, unknown>;
    if (known['colour'] === undefined) {
      const next = { ...known, colour: inputResponses?.['colour'] };
      return inputRequired({ inputRequests: { roots: inputRequired.listRoots() }, requestState: JSON.stringify(next) });
    }
    return { ...known, roots: inputResponses?.['roots'] };
  });
  tool('busy', async ({ mcpReq }) => {
    const state = mcpReq.requestState();
    states.push(state);
    return state === undefined ? inputRequired({ requestState: 'come again' }) : 'done';
  });
  tool('endless', async () => inputRequired({ inputRequests: { one: inputRequired.listRoots() } }));
  mcp.registerTool('repeat', { inputSchema: z.object({ text: z.string() }) }, async ({ text }, { mcpReq }) => {
    if (mcpReq.inputResponses !== undefined) return answered(Promise.resolve(mcpReq.inputResponses['one'])) as never;
    await mcpReq.log('info', { text });
    return inputRequired({ inputRequests: { one: inputRequired.elicit({ ...QUESTIONS.form, message: text }) } });
  });
  tool('log', async ({ mcpReq }) => {
    for (const level of ['debug', 'info', 'error'] as const) await mcpReq.log(level, `at ${level}`, 'db');
    return 'logged';
  });
  tool('hang', async ({ mcpReq }) => {
    mcpReq.signal.addEventListener('abort', () => events.note('cancelled'));
    events.note('hanging');
    return new Promise(() => {});
  });
  return mcp;
}

/** What a tool came to as a result; a round stays one. */
async function answered(work: Promise<unknown>) {
  const value = await work.catch((error: unknown) => ({
    failed: { code: (error as { code?: unknown }).code, message: (error as Error).message },
  }));
  if ((value as { resultType?: unknown } | undefined)?.resultType === 'input_required') return value as never;
  return { content: [{ type: 'text' as const, text: JSON.stringify(value) }] };
}

function createEvents(): Events {
  const seen: string[] = [];
  const waiting = new Map<string, (() => void)[]>();
  return {
    seen,
    note(event) {
      seen.push(event);
      for (const resolve of waiting.get(event) ?? []) resolve();
    },
    happened: (event) =>
      new Promise((resolve) => {
        if (seen.includes(event)) resolve();
        else waiting.set(event, [...(waiting.get(event) ?? []), resolve]);
      }),
  };
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
