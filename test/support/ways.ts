/**
 * Two ways to one MCP server, with the same operations and the same shape of answers: directly, and through the product.
 * What they differ in by contract is undone here and nowhere else: names of prompts, the label before a server's words,
 * the word of each leg on whose server it is, and an error of the protocol that has become a payload.
 */
import type { WillingHost } from './willing-host.js';

type Json = Readonly<Record<string, unknown>>;

/** A JSON-RPC error of the server. */
interface Failed {
  readonly failed: { readonly code: unknown; readonly message: string };
}

export interface Way {
  instructions(): Promise<unknown>;
  /** What an agent is shown of each tool. */
  tools(): Promise<readonly Json[]>;
  call(name: string, args?: Json, meta?: Json): Promise<Json | Failed>;
  resources(): Promise<unknown>;
  templates(): Promise<unknown>;
  read(uri: string): Promise<unknown>;
  prompts(): Promise<readonly Json[]>;
  prompt(name: string, args?: Json): Promise<Json | Failed>;
  /** @param ref of a prompt by its name at the server, or of a template. */
  complete(ref: Json, argument: Json, context?: Json): Promise<unknown>;
  /** What the server asked the host for since the last time, as the server put it; roots, which it asks for at any time, left out. */
  questions(): readonly Json[];
}

const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';
const SHOWN_OF_A_TOOL = ['name', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations'] as const;

export function directWay(host: WillingHost): Way {
  const ask = (method: string, params?: Json): Promise<Json | Failed> => host.request(method, params).catch(failure);
  return {
    instructions: async () => host.client.getInstructions(),
    tools: async () => ((await ask('tools/list')) as { tools: Json[] }).tools.map(shown),
    call: (name, args = {}, meta) => ask('tools/call', { name, arguments: args, ...(meta && { _meta: meta }) }),
    resources: async () => ((await ask('resources/list')) as Json)['resources'],
    templates: async () => ((await ask('resources/templates/list')) as Json)['resourceTemplates'],
    read: async (uri) => contentsOf(await ask('resources/read', { uri })),
    prompts: async () => ((await ask('prompts/list')) as { prompts: Json[] }).prompts,
    prompt: (name, args) => ask('prompts/get', { name, ...(args && { arguments: args }) }),
    complete: (ref, argument, context) => ask('completion/complete', { ref, argument, ...(context && { context }) }),
    questions: questionsTo(host, (message) => message),
  };
}

export function wayThroughBroker(host: WillingHost, serverName: string): Way {
  const ask = (method: string, params: Json): Promise<Json | Failed> =>
    host.request(method, params).then<Json | Failed, Failed>(withoutLeg, failure);
  const tool = async (name: string, args: Json, meta?: Json): Promise<Json | Failed> =>
    unlessFailed(await ask('tools/call', { name, arguments: { serverName, ...args }, ...(meta && { _meta: meta }) }));
  const structured = async (name: string, args: Json = {}): Promise<Json> => {
    const result: Json = { ...(await tool(name, args, undefined)) };
    return (result['structuredContent'] ?? result) as Json;
  };
  const prefix = `${serverName}__`;
  return {
    instructions: async () => (await structured('connect_to_mcp_server'))['instructions'],
    tools: async () => {
      const { tools } = (await structured('search_mcp_tools', { limit: 100 })) as { tools: Json[] };
      return tools.map(shown);
    },
    call: (name, args, meta) => tool('call_mcp_tool', { toolName: name, ...(args && { arguments: args }) }, meta),
    resources: async () => (await structured('read_mcp_resource'))['resources'],
    templates: async () => (await structured('read_mcp_resource'))['resourceTemplates'],
    read: async (uri) => contentsOf(await structured('read_mcp_resource', { uri })),
    prompts: async () => {
      const { prompts } = (await ask('prompts/list', {})) as { prompts: { name: string }[] };
      return prompts.map((prompt) => ({ ...prompt, name: prompt.name.slice(prefix.length) }));
    },
    prompt: async (name, args) => ask('prompts/get', { name: prefix + name, ...(args && { arguments: args }) }),
    complete: (ref, argument, context) => {
      const named = typeof ref['name'] === 'string' ? { ...ref, name: prefix + ref['name'] } : ref;
      return ask('completion/complete', { ref: named, argument, ...(context && { context }) });
    },
    questions: questionsTo(host, (message) => message.replace(`The server "${serverName}" asks: `, '')),
  };
}

/** Without the id of an elicitation, which each leg has of its own, and without what belongs to one leg only. */
function questionsTo(host: WillingHost, unlabelled: (message: string) => string): () => readonly Json[] {
  let seen = host.asked.length;
  return () => {
    const asked = host.asked.slice(seen).filter(({ method }) => method !== 'roots/list');
    seen = host.asked.length;
    return asked.map(({ method, params: { elicitationId: _leg, _meta, ...params } }) => {
      const { message } = params;
      return { method, params: typeof message === 'string' ? { ...params, message: unlabelled(message) } : params };
    });
  };
}

function shown(tool: Json): Json {
  return Object.fromEntries(SHOWN_OF_A_TOOL.filter((key) => tool[key] !== undefined).map((key) => [key, tool[key]]));
}

function contentsOf(answer: object): unknown {
  return 'contents' in answer ? answer['contents'] : answer;
}

/** The SDKs put the code before the message, the product's payload has both as the server sent them. */
function failure(error: unknown): Failed {
  const { code, message, data } = error as { readonly code: unknown; readonly message: string; readonly data?: Json };
  const upstream = data?.['upstreamError'] as Failed['failed'] | undefined;
  return { failed: upstream ?? { code, message: message.replace(/^MCP error -?\d+: /u, '') } };
}

/** 2026-07-28 has every result say which server it comes from: on this leg it is the product. */
function withoutLeg({ _meta, ...result }: Json): Json {
  const { [SERVER_INFO]: _leg, ...meta } = (_meta ?? {}) as Json;
  return Object.keys(meta).length === 0 ? result : { ...result, _meta: meta };
}

function unlessFailed(result: Json | Failed): Json | Failed {
  const { upstreamError } = (('structuredContent' in result && result.structuredContent) || {}) as {
    readonly upstreamError?: Failed['failed'];
  };
  return upstreamError === undefined ? result : { failed: upstreamError };
}
