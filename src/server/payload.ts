/**
 * How a value becomes a tool result: ours twice (structured, and the same JSON as text) and marked as ours;
 * an upstream's unchanged but for what would let it pose as ours and for secrets of ours in it.
 */
import { failurePayload } from '../broker/failure.js';
import type { Cleared, Failure, Outcome, ProxiedCall } from '../broker/index.js';
import { BrokerError } from '../core/errors.js';
import type { InputRound } from '../core/host.js';
import { RESULT_MAX_DEPTH } from '../core/limits.js';
import { GENERAL_SKILL } from '../core/names.js';
import { redactJson, redactText } from '../core/redaction.js';

/** Marks a payload of ours in `_meta`; nobody else's result keeps this key. */
export const PAYLOAD_META_KEY = 'mcp-oauth-broker/payload';

/** The `resultType` of a round of 2026-07-28. No result of an upstream keeps a `resultType`. */
export const INPUT_REQUIRED = 'input_required';

type JsonObject = Readonly<Record<string, unknown>>;

/** A `CallToolResult` as it goes onto the wire: of ours, or whatever an upstream sent. */
export type ToolResult = JsonObject;

/** `value` twice: as structured content, and the same JSON as text. */
export function textAndStructure(value: object): ToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(value) }], structuredContent: value };
}

/**
 * Fields whose text is ours, the contract's, or checked by us before. They are shown whatever was given as a secret:
 * a secret that is the word `requires_auth` or a part of every `authUrl` must not make payloads unreadable.
 */
const OUR_FIELDS: ReadonlySet<string> = new Set([
  ...['status', 'serverName', 'account', 'authType', 'code', 'reason', 'completion', 'transport', 'protocolVersion'],
  ...['authUrl', 'launchUrl', 'configUrl', 'redirectUri', 'suggestedRedirectUri', 'userCode', 'revocation'],
  ...['expiresAt', 'lastRefreshedAt', 'lastVerifiedAt', 'helpfulSkills', 'nextStep', 'nextCursor'],
  ...['source', 'state', 'target', 'credentialMode'],
]);

/** A copy of a value in a shape of ours: its field names and `OUR_FIELDS` stay, all other text is redacted. */
export function redactOurs<T>(value: T): T {
  return redactOurValue(value) as T;
}

function redactOurValue(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map(redactOurValue);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, OUR_FIELDS.has(key) ? item : redactOurValue(item)]),
  );
}

/** A payload of the contract's section 2. `isError` is true when its status is `error`. */
export function payloadResult(payload: Outcome | Cleared): ToolResult {
  return {
    ...textAndStructure({ ...redactOurs(payload), serverName: shownName(payload) }),
    ...(payload.status === 'error' ? { isError: true } : {}),
    _meta: { [PAYLOAD_META_KEY]: true },
  };
}

/** A name that no server has is nothing but what was given, and may be a secret in the wrong place. */
function shownName(payload: Outcome | Cleared): string {
  const isAnybodys = payload.status === 'error' && payload.code === 'unknown_server';
  return isAnybodys ? redactText(payload.serverName) : payload.serverName;
}

/** Whether a result is a payload of ours. */
export function isPayload(result: ToolResult): boolean {
  const meta = result['_meta'];
  return meta !== null && typeof meta === 'object' && Object.hasOwn(meta, PAYLOAD_META_KEY);
}

/** A payload where an answer of a server was asked for: also missing authorization is then an error. */
export function refusalResult(payload: Outcome): ToolResult {
  return { ...payloadResult(payload), isError: true };
}

/**
 * The upstream's answer in the shape that the tool gives it, or the payload that came instead of one.
 * @param onEcho called where the server sent back a secret of ours, which is then left out
 */
export function proxiedResult(
  answer: ProxiedCall,
  shape: (result: JsonObject) => ToolResult,
  onEcho: () => void,
): ToolResult {
  if (answer.kind === 'input_required') return roundResult(answer.round);
  if (answer.kind === 'upstream') return shape(upstreamResult(answer.result, onEcho));
  noteEchoedError(answer.outcome, onEcho);
  return refusalResult(answer.outcome);
}

/** @param onEcho called where an error in the server's words holds a secret of ours */
export function noteEchoedError(outcome: Outcome, onEcho: () => void): void {
  const words = outcome.status === 'error' ? outcome.upstreamError?.message : undefined;
  if (words !== undefined && redactText(words) !== words) onEcho();
}

/** What a server asks the host by, in place of a result; its state is sealed before it leaves (`host-calls.ts`). */
export function roundResult({ inputRequests, ...round }: InputRound): ToolResult {
  return inputRequired({ ...round, inputRequests: redactJson(inputRequests) });
}

/** A round as it goes onto the wire. */
export function inputRequired({ inputRequests, requestState }: InputRound): ToolResult {
  return {
    resultType: INPUT_REQUIRED,
    ...(Object.keys(inputRequests).length > 0 && { inputRequests }),
    ...(requestState !== undefined && { requestState }),
  };
}

/** A failure that arose before the broker was asked, or that it did not foresee. */
export function failure(serverName: string, error: BrokerError, fallbackNextStep: string): Failure {
  return failurePayload(serverName, error, [GENERAL_SKILL], fallbackNextStep);
}

/**
 * For the wire: an upstream's result without our mark, without a `resultType` (this leg has its own), and with our secrets redacted.
 * @param onEcho called where there was one
 * @throws {BrokerError} `limit_exceeded` when it is nested deeper than RESULT_MAX_DEPTH.
 */
export function upstreamResult(result: JsonObject, onEcho: () => void): JsonObject {
  const { resultType: _legOfTheUpstream, ...unmarked } = withoutMark(result, 0) as JsonObject;
  const redacted = redactJson(unmarked);
  if (redacted !== unmarked) onEcho();
  return redacted;
}

/** A copy of `value` in which no `_meta`, at any place, has our mark; the same value where there was none. */
function withoutMark(value: unknown, depth: number): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (depth > RESULT_MAX_DEPTH) {
    throw new BrokerError('limit_exceeded', `The result is nested deeper than ${RESULT_MAX_DEPTH} levels.`);
  }
  if (Array.isArray(value)) {
    const items = value.map((item) => withoutMark(item, depth + 1));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  const entries = Object.entries(value);
  const kept = entries.map(
    ([key, item]) => [key, withoutMark(key === '_meta' ? unmark(item) : item, depth + 1)] as const,
  );
  return kept.some(([, item], index) => item !== entries[index]?.[1]) ? Object.fromEntries(kept) : value;
}

function unmark(meta: unknown): unknown {
  if (meta === null || typeof meta !== 'object' || Array.isArray(meta) || !Object.hasOwn(meta, PAYLOAD_META_KEY))
    return meta;
  return Object.fromEntries(Object.entries(meta).filter(([key]) => key !== PAYLOAD_META_KEY));
}
