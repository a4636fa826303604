/**
 * The rounds of a 2026-07-28 server that cannot answer before it knows more. A host of that era gets them as they
 * are; one of before is asked here, and the request is sent again with its answers.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Host,
  HostRefusal,
  type HostRequest,
  type InputAnswers,
  type InputRound,
  isHostMethod,
} from '../core/host.js';
import type { JsonObject } from '../core/json-object.js';
import { HOST_REQUESTS_MAX, INPUT_ROUND_PAUSE_MS, INPUT_ROUNDS_MAX } from '../core/limits.js';
import { protocolError } from './answers.js';
import type { CallOptions, UpstreamResult } from './types.js';

/** Sends the request, with these members added to its parameters. */
type Send = (answers: InputAnswers) => Promise<UpstreamResult>;

/**
 * The result, or the round that has to be passed on.
 * @throws BrokerError `upstream_protocol_error` where the host does not give what the server needs, or the rounds do not end.
 */
export async function throughRounds(send: Send, { host, answers, signal }: CallOptions): Promise<UpstreamResult> {
  let given: InputAnswers = answers ?? {};
  for (let round = 0; round < INPUT_ROUNDS_MAX; round += 1) {
    const answer = await send(given);
    const needed = inputRoundOf(answer);
    if (needed === undefined || host?.isAskedByResult === true) return answer;
    given = await answersTo(needed, host, signal);
  }
  throw protocolError(`the server still asked for something after ${INPUT_ROUNDS_MAX} rounds`);
}

/** What the server has to know first, where `result` is no result yet. */
export function inputRoundOf({ resultType, inputRequests, requestState }: UpstreamResult): InputRound | undefined {
  if (resultType !== 'input_required') return undefined;
  return {
    inputRequests: (inputRequests ?? {}) as JsonObject,
    ...(typeof requestState === 'string' && { requestState }),
  };
}

async function answersTo(
  { inputRequests, requestState }: InputRound,
  host: Host | undefined,
  signal: AbortSignal | undefined,
): Promise<InputAnswers> {
  const inputResponses = await responsesTo(Object.entries(inputRequests), host, signal);
  return { ...(inputResponses && { inputResponses }), ...(requestState !== undefined && { requestState }) };
}

async function responsesTo(
  asked: readonly (readonly [key: string, request: unknown])[],
  host: Host | undefined,
  signal: AbortSignal | undefined,
): Promise<UpstreamResult | undefined> {
  if (asked.length === 0) {
    await delay(INPUT_ROUND_PAUSE_MS, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
    return undefined;
  }
  if (asked.length > HOST_REQUESTS_MAX) throw protocolError(`the server asked more than ${HOST_REQUESTS_MAX} things`);
  const round = new AbortController();
  const stop = signal === undefined ? round.signal : AbortSignal.any([signal, round.signal]);
  try {
    const requests = asked.map(([key, request]) => [key, hostRequest(request)] as const);
    const responses = requests.map(async ([key, request]) => [key, await askOne(host, request, stop)] as const);
    return Object.fromEntries(await Promise.all(responses));
  } finally {
    // One that failed leaves no other question before the user.
    round.abort();
  }
}

/** @throws BrokerError `upstream_protocol_error` for what no server may ask. */
function hostRequest(request: unknown): HostRequest {
  const { method, params } = (request ?? {}) as { readonly method?: unknown; readonly params?: unknown };
  if (!isHostMethod(method)) throw protocolError('the server asked for something that no host can answer');
  const isParams = params !== null && typeof params === 'object' && !Array.isArray(params);
  return isParams ? { method, params: params as JsonObject } : { method };
}

async function askOne(host: Host | undefined, request: HostRequest, signal: AbortSignal): Promise<JsonObject> {
  if (host === undefined) throw unanswered(request, 'nobody can be asked');
  try {
    return await host.ask(request, { signal });
  } catch (error) {
    throw error instanceof HostRefusal ? unanswered(request, error.message) : error;
  }
}

function unanswered({ method }: HostRequest, why: string): Error {
  return protocolError(`the server needs an answer to ${method} and did not get it: ${why}`);
}
