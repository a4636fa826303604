/**
 * The prompts of the usable servers as ours, `<server>__<name>`, and the completion of their arguments.
 * What a server answers is passed on; what keeps it from being asked is an error of the protocol with our payload.
 */
import { type Prompt, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import type { Broker, CallContext, Outcome, ProxiedCall } from '../broker/index.js';
import { displayText } from '../core/display-text.js';
import { isObject, type JsonObject } from '../core/json-object.js';
import type { Log } from '../core/log.js';
import type { Principal } from '../core/principal.js';
import { redactText } from '../core/redaction.js';
import { asBrokerError } from './call-tool.js';
import { findOwner } from './find-owner.js';
import { mirroredPrompt } from './foreign-definition.js';
import { createJoinedList } from './joined-list.js';
import { createMirroredNames, type Owned } from './mirrored-name.js';
import { failure, noteEchoedError, payloadResult, roundResult, upstreamResult } from './payload.js';
import type { ProtocolEra } from './protocol-era.js';
import type { TemplateOwners } from './template-owners.js';
import { unlessUnreadable } from './unless-unreadable.js';

const STEP_LOOK_AGAIN = 'List the prompts again, or call list_mcp_servers for the state of the servers.';
const INPUT_CODES: ReadonlySet<string> = new Set(['invalid_input', 'unknown_server']);
const REF_KINDS = { prompt: 'ref/prompt', resourceTemplate: 'ref/resource' } as const;

export interface PromptsOptions {
  readonly broker: () => Promise<Broker>;
  readonly era: ProtocolEra;
  readonly templates: TemplateOwners;
  readonly log: Log;
}

/** Serves one method: `params` as received, the result as it goes onto the wire. @throws {ProtocolError} */
export type MethodHandler = (params: JsonObject, principal: Principal, context: CallContext) => Promise<JsonObject>;

/** `prompts/list`, `prompts/get` and `completion/complete`, by name. */
export function createPromptMethods({
  broker,
  era,
  templates,
  log,
}: PromptsOptions): ReadonlyMap<string, MethodHandler> {
  const list = createJoinedList(broker, 'prompts', era);
  const names = createMirroredNames();

  async function read(principal: Principal): Promise<readonly Prompt[]> {
    const prompts = new Map<string, Prompt>();
    for (const listed of await list.read(principal)) {
      const name = names.nameOf({ serverName: listed.serverName, name: listed.definition.name });
      const prompt = mirroredPrompt(listed, name);
      if (prompt !== undefined && !prompts.has(name)) prompts.set(name, prompt);
    }
    return [...prompts.values()];
  }

  /** @throws {ProtocolError} `InvalidParams` where no server is meant. */
  async function ownerOf(name: unknown, principal: Principal): Promise<Owned> {
    if (typeof name !== 'string') throw invalidParams('The name of a prompt must be a string');
    const owner = await findOwner(name, principal, { names, broker, read: () => read(principal) });
    if (owner === undefined) throw invalidParams(`Unknown prompt: ${displayText(name, 100)}`);
    return owner;
  }

  async function completed(
    asked: Parameters<Broker['complete']>[1],
    principal: Principal,
    context: CallContext,
  ): Promise<JsonObject> {
    const { complete, noteEchoedSecret } = await broker();
    return answered(await complete(principal, asked, context), () => noteEchoedSecret(principal, asked));
  }

  const methods: Readonly<Record<string, MethodHandler>> = {
    'prompts/list': async (_params, principal) => ({
      prompts: await unlessUnreadable(log, 'the prompts of the usable servers', () => read(principal), []),
    }),

    'prompts/get': async ({ name, arguments: args }, principal, context) => {
      if (args !== undefined && !isObject(args)) throw invalidParams('The arguments of a prompt must be an object');
      const { serverName, name: promptName } = await ownerOf(name, principal);
      const { getPrompt, noteEchoedSecret } = await broker();
      const answer = await getPrompt(principal, { serverName, promptName, arguments: args }, context);
      return answered(answer, () => noteEchoedSecret(principal, { serverName }));
    },

    'completion/complete': async ({ _meta, ...params }, principal, context) => {
      const { ref } = params;
      if (!isObject(ref)) throw invalidParams('A completion needs a ref');
      if (ref['type'] === REF_KINDS.prompt) {
        const { serverName, name } = await ownerOf(ref['name'], principal);
        const asked = { serverName, params: { ...params, ref: { ...ref, name } } };
        return completed(asked, principal, context);
      }
      const { uri } = ref;
      const owner = ref['type'] === REF_KINDS.resourceTemplate && typeof uri === 'string' && templates.find(uri);
      if (!owner) throw invalidParams('No server is known by that ref: read_mcp_resource lists resource templates');
      return completed({ ...owner, params }, principal, context);
    },
  };

  return new Map(Object.entries(methods).map(([method, serve]) => [method, guarded(method, serve, log)]));
}

function answered(answer: ProxiedCall, onEcho: () => void): JsonObject {
  if (answer.kind === 'outcome') {
    noteEchoedError(answer.outcome, onEcho);
    throw asProtocolError(answer.outcome);
  }
  if (answer.kind === 'input_required') return roundResult(answer.round);
  return upstreamResult(answer.result, onEcho);
}

/** What goes wrong on our side is a payload of ours within the protocol's error; the unforeseen gets an id. */
function guarded(method: string, serve: MethodHandler, log: Log): MethodHandler {
  return async (params, principal, context) => {
    try {
      return await serve(params, principal, context);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      throw asProtocolError(failure('', asBrokerError(method, error, log), STEP_LOOK_AGAIN));
    }
  };
}

/** `data` is the payload; the message, which a user may be all that is shown, says what it is about. */
function asProtocolError(outcome: Outcome): ProtocolError {
  const data = payloadResult(outcome)['structuredContent'];
  if (outcome.status !== 'error') {
    const page = pageOf(outcome);
    const where = page === undefined ? '' : `: ${page}`;
    const message = `"${outcome.serverName}" needs the user to sign in first${where}`;
    return new ProtocolError(ProtocolErrorCode.InternalError, message, data);
  }
  const { upstreamError, error } = outcome;
  const isAboutParams = upstreamError?.code === ProtocolErrorCode.InvalidParams || INPUT_CODES.has(outcome.code);
  const words = upstreamError === undefined ? '' : ` Its words: "${upstreamError.message}"`;
  return new ProtocolError(
    isAboutParams ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError,
    redactText(`${error}${words}`),
    data,
  );
}

/** Where the user signs in, or says what is missing. */
function pageOf(outcome: Exclude<Outcome, { status: 'error' }>): string | undefined {
  if (outcome.status === 'requires_auth') return outcome.launchUrl ?? outcome.authUrl ?? outcome.configUrl;
  return outcome.status === 'requires_oauth_config' ? outcome.configUrl : undefined;
}

function invalidParams(message: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message);
}
