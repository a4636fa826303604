/** Hosts of both SDK lines that answer what they are asked, and remember what that was. */
import {
  CreateMessageRequestSchema,
  ElicitationCompleteNotificationSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { type InProcessHost, type InProcessHostOptions, startInProcessHost } from './in-process-host.js';

export interface AnsweringHost extends InProcessHost {
  /** What it was asked, in order. */
  readonly asked: { readonly method: string; readonly params: Readonly<Record<string, unknown>> }[];
  readonly logged: Readonly<Record<string, unknown>>[];
  readonly completed: string[];
  /** What a tool of the server `asking` came to. */
  tool(toolName: string, options?: object): Promise<unknown>;
}

export const ABLE = {
  elicitation: { form: {}, url: {} },
  sampling: {},
  roots: { listChanged: true },
} as const;

type Answer = (method: string, params: Readonly<Record<string, unknown>>, signal: AbortSignal) => unknown;

const ANSWERS: Readonly<Record<string, unknown>> = {
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
  const logged: Readonly<Record<string, unknown>>[] = [];
  const completed: string[] = [];
  const capabilities: Readonly<Record<string, unknown>> = options.capabilities ?? ABLE;
  const handle = async (request: { method: string; params?: unknown }, signal: AbortSignal): Promise<never> => {
    const params = (request.params ?? {}) as Readonly<Record<string, unknown>>;
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
  return {
    ...host,
    asked,
    logged,
    completed,
    tool: async (toolName, callOptions) => {
      const params = { name: 'call_mcp_tool', arguments: { serverName: 'asking', toolName } };
      const result =
        options.sdk === 'v1'
          ? await (host.client as { callTool(...args: unknown[]): Promise<unknown> }).callTool(
              params,
              undefined,
              callOptions,
            )
          : await (host.client as { callTool(...args: unknown[]): Promise<unknown> }).callTool(params, callOptions);
      const { content, structuredContent } = result as { content: { text: string }[]; structuredContent?: unknown };
      return structuredContent ?? JSON.parse(content[0]?.text ?? 'null');
    },
  };
}
