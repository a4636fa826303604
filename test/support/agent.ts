/**
 * An agent on a host: calls the product's tools over stdio, and holds every payload that it gets against the contract.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  type BrokerAnswer,
  type BrokerOptions,
  type BrokerProcess,
  type Payload,
  startBroker,
} from './broker-process.js';
import { checkPayload } from './payload-shapes.js';

type Arguments = Readonly<Record<string, unknown>>;

export interface Agent {
  readonly broker: BrokerProcess;
  /** Any tool of the product. */
  call(tool: string, args?: Arguments): Promise<BrokerAnswer>;
  /** `connect_to_mcp_server`; returns the payload. */
  connect(serverName: string, args?: Arguments): Promise<Payload>;
  /** `call_mcp_tool`; the payload is ours where `isOurs`, else what the server returned. */
  callTool(
    serverName: string,
    toolName: string,
    args?: Arguments,
  ): Promise<BrokerAnswer & { readonly isOurs: boolean }>;
  /** `clear_mcp_auth`; returns the payload. */
  clear(serverName: string, args?: Arguments): Promise<Payload>;
  /** Every byte that the process has written so far, on both streams. */
  everythingSaid(): string;
  close(): Promise<unknown>;
}

const MARK = 'mcp-oauth-broker/payload';
/** Tools whose answer is a payload even where nothing went wrong. */
const PAYLOAD_TOOLS = new Set(['connect_to_mcp_server', 'clear_mcp_auth']);

export async function startAgent(options: BrokerOptions = {}): Promise<Agent> {
  const broker = await startBroker(options);

  const call = async (tool: string, args: Arguments = {}): Promise<BrokerAnswer> => {
    const answer = await broker.call(tool, args);
    if (PAYLOAD_TOOLS.has(tool) || isMarked(answer)) checkAnswer(tool, answer);
    return answer;
  };

  return {
    broker,
    call,
    connect: async (serverName, args = {}) => (await call('connect_to_mcp_server', { serverName, ...args })).payload,
    callTool: async (serverName, toolName, args = {}) => {
      const answer = await call('call_mcp_tool', { serverName, toolName, arguments: args });
      return { ...answer, isOurs: isMarked(answer) };
    },
    clear: async (serverName, args = {}) => (await call('clear_mcp_auth', { serverName, ...args })).payload,
    everythingSaid: () => broker.stdout() + broker.stderr(),
    close: () => broker.close(),
  };
}

const isMarked = ({ result }: BrokerAnswer): boolean => result._meta?.[MARK] === true;

/** Twice the same, marked, and an error where it is one (contract, section 2). */
function checkAnswer(tool: string, answer: BrokerAnswer): void {
  const { payload, result } = answer;
  checkPayload(payload);
  const [block] = (result.content ?? []) as readonly { readonly type: string; readonly text?: string }[];
  if (!isMarked(answer)) throw new Error(`A payload of ${tool} is not marked: ${JSON.stringify(result)}`);
  if (block?.type !== 'text' || !isDeepStrictEqual(JSON.parse(block.text ?? ''), payload)) {
    throw new Error(`The text of ${tool} is not its structured content: ${JSON.stringify(result)}`);
  }
  const isError = payload.status === 'error' || !PAYLOAD_TOOLS.has(tool);
  if ((result.isError ?? false) !== isError) throw new Error(`isError of ${tool} is wrong: ${JSON.stringify(result)}`);
}
