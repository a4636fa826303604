/** Hosts of both SDK lines that answer what they are asked, and remember what that was. */
import {
  CreateMessageRequestSchema,
  ElicitationCompleteNotificationSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { type InProcessHost, type InProcessHostOptions, startInProcessHost } from './in-process-host.js';

type Params = Readonly<Record<string, unknown>>;

export interface AnsweringHost extends InProcessHost {
  /** What it was asked, in order. */
  readonly asked: { readonly method: string; readonly params: Params }[];
  readonly logged: Params[];
  readonly completed: string[];
  /** `tools/call` with the options of the SDK. */
  callWith(params: object, options?: object): Promise<Params>;
  /** What a tool of the server `asking` came to. */
  tool(toolName: string, options?: object): Promise<unknown>;
}

export const ABLE = {
  elicitation: { form: {}, url: {} },
  sampling: {},
  roots: { listChanged: true },
} as const;

type Answer = (method: string, params: Params, signal: AbortSignal) => unknown;

const ANSWERS: Params = {
  'elicitation/create': { action: 'accept', content: { colour: 'blue' } },
  'sampling/createMessage': { role: 'assistant', model: 'm', content: { type: 'text', text: 'hi' } },
  'roots/list': { roots: [{ uri: 'file:///home/me' }] },
};

/** The signal is where the SDK line has it. */
interface HandlerContext {
  readonly signal?: AbortSignal;
  readonly mcpReq: { readonly signal: AbortSignal };
}

const NOTIFICATIONS = {
  v1: [LoggingMessageNotificationSchema, ElicitationCompleteNotificationSchema],
  v2: ['notifications/message', 'notifications/elicitation/complete'],
} as const;

const REQUESTS = [
  ['elicitation', ElicitRequestSchema, 'elicitation/create'],
  ['sampling', CreateMessageRequestSchema, 'sampling/createMessage'],
  ['roots', ListRootsRequestSchema, 'roots/list'],
] as const;

/** What a client of that line is to handle, as its SDK names it. */
function requests(sdk: 'v1' | 'v2', capabilities: object): readonly unknown[] {
  return REQUESTS.filter(([capability]) => capability in capabilities).map(([, schema, method]) =>
    sdk === 'v1' ? schema : method,
  );
}

/** @param answer what it answers; by default as a willing user does. */
export async function startAnsweringHost(
  options: InProcessHostOptions,
  answer: Answer = (method) => ANSWERS[method],
): Promise<AnsweringHost> {
  const asked: AnsweringHost['asked'] = [];
  const logged: Params[] = [];
  const completed: string[] = [];
  const capabilities: Params = options.capabilities ?? ABLE;
  const handle = async (request: { method: string; params?: unknown }, signal: AbortSignal): Promise<never> => {
    const params = (request.params ?? {}) as Params;
    asked.push({ method: request.method, params });
    return (await answer(request.method, params, signal)) as never;
  };
  const host = await startInProcessHost({
    ...options,
    capabilities,
    prepare: (client) => {
      const set = client.setRequestHandler.bind(client) as (key: unknown, handler: unknown) => void;
      const hear = client.setNotificationHandler.bind(client) as (key: unknown, handler: unknown) => void;
      for (const key of requests(options.sdk, capabilities))
        set(key, (request: never, context: HandlerContext) => handle(request, context.signal ?? context.mcpReq.signal));
      const [message, complete] = NOTIFICATIONS[options.sdk];
      hear(message, ({ params }: { params: never }) => void logged.push(params));
      hear(complete, ({ params }: { params: { elicitationId: string } }) => void completed.push(params.elicitationId));
    },
  });
  const callWith: AnsweringHost['callWith'] = async (params, callOptions) => {
    const client = host.client as { callTool(...args: unknown[]): Promise<unknown> };
    const called = options.sdk === 'v1' ? [params, undefined, callOptions] : [params, callOptions];
    return (await client.callTool(...called)) as Params;
  };
  return {
    ...host,
    asked,
    logged,
    completed,
    callWith,
    tool: async (toolName, callOptions) => {
      const params = { name: 'call_mcp_tool', arguments: { serverName: 'asking', toolName } };
      const { content, structuredContent } = (await callWith(params, callOptions)) as {
        readonly content: readonly { readonly text: string }[];
        readonly structuredContent?: unknown;
      };
      return structuredContent ?? JSON.parse(content[0]?.text ?? 'null');
    },
  };
}
