/**
 * One call of one of our tools, from raw parameters to a result. Bad arguments and everything unforeseen
 * become payloads, so that an agent always reads the same shapes; only an unknown tool is the protocol's own error.
 */
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { isObject } from '../core/json-object.js';
import type { Log } from '../core/log.js';
import { redactText, rememberSecret, whileSecret } from '../core/redaction.js';
import { givenServerName, parseArguments } from './arguments.js';
import { failure, refusalResult, type ToolResult } from './payload.js';
import type { Tool, ToolCall } from './tool.js';

const STEP_CORRECT_ARGUMENTS = 'Correct the arguments that the error names and call again.';
const STEP_REPORT = 'This is a mistake of the broker. Tell the user the id in the error, to look up in its log.';

/**
 * @param params of `tools/call`, as received.
 * @throws {ProtocolError} `InvalidParams` for a tool that is not ours.
 */
export async function callTool(
  tools: ReadonlyMap<string, Tool>,
  params: unknown,
  call: ToolCall,
  log: Log,
): Promise<ToolResult> {
  const { name, arguments: given } = isObject(params) ? params : {};
  const tool = typeof name === 'string' ? tools.get(name) : undefined;
  if (tool === undefined) {
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      `Unknown tool: ${typeof name === 'string' ? displayText(name, 100) : ''}`,
    );
  }
  const secret = givenSecret(given);
  let args: Readonly<Record<string, unknown>>;
  try {
    args = parseArguments(tool, given);
  } catch (error) {
    // A secret that was refused with its call is kept out of what is said of the call, and then forgotten.
    return whileSecret(secret, () => refusal(redactText(givenServerName(given)), asBrokerError(tool.name, error, log)));
  }
  try {
    // Before anything else is done with it, so that no path can show it.
    rememberSecret(secret);
    return await tool.call(args, call);
  } catch (error) {
    if (isCancellation(error, call.context.signal)) return CANCELLED;
    return refusal(givenServerName(given), asBrokerError(tool.name, error, log));
  }
}

/** Nobody hears it: a call that was cancelled is not answered. */
const CANCELLED: ToolResult = { content: [], isError: true };

/** Ending with the call that was asked for is no mistake of ours. */
function isCancellation(error: unknown, signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true && error === signal.reason;
}

function refusal(serverName: string, error: BrokerError): ToolResult {
  return refusalResult(failure(serverName, error, STEP_CORRECT_ARGUMENTS));
}

/** The client secret among the arguments, whether or not they are right; `""` where there is none. */
function givenSecret(given: unknown): string {
  return isObject(given) && typeof given['clientSecret'] === 'string' ? given['clientSecret'] : '';
}

/** The unforeseen as `internal_error`: the caller gets an id, the log what happened. @param toolName or the method. */
export function asBrokerError(toolName: string, error: unknown, log: Log): BrokerError {
  if (error instanceof BrokerError) return error;
  const correlationId = globalThis.crypto.randomUUID();
  log.error({ correlationId, tool: toolName, err: error }, 'a tool call failed unexpectedly');
  return new BrokerError('internal_error', `An internal error occurred (id ${correlationId}).`, {
    nextStep: STEP_REPORT,
  });
}
