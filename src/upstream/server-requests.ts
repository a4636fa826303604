/**
 * What a server of before 2026-07-28 asks and tells unasked: its requests go to the host of the call that they belong
 * to, and the host's answer goes back; so do its log messages and its word that a URL elicitation is done.
 */
import { randomUUID } from 'node:crypto';
import type { Client, ClientContext } from '@modelcontextprotocol/client';
import {
  type Host,
  HostRefusal,
  type HostRequest,
  INTERNAL_ERROR,
  isHostMethod,
  METHOD_NOT_FOUND,
} from '../core/host.js';
import { isObject, type JsonObject } from '../core/json-object.js';
import { ELICITATION_IDS_KEPT_MAX, HOST_REQUESTS_MAX } from '../core/limits.js';
import type { CallTraces } from './call-traces.js';

interface Incoming {
  readonly method: string;
  readonly params?: unknown;
}

/** @param standing whom to ask outside of any call. */
export function serveServerRequests(client: Client, calls: CallTraces, standing: Host | undefined): void {
  const elicitations = createElicitationIds();
  let open = 0;

  client.fallbackRequestHandler = async (incoming: Incoming, context) => {
    const call = calls.current();
    const host = call?.host ?? standing;
    const { method } = incoming;
    if (host === undefined || !isHostMethod(method)) throw new HostRefusal(METHOD_NOT_FOUND, 'Method not found');
    if (open >= HOST_REQUESTS_MAX)
      throw new HostRefusal(INTERNAL_ERROR, `More than ${HOST_REQUESTS_MAX} requests are open.`);
    const asked = withOwnElicitationId({ method, params: askedParams(incoming.params) }, elicitations.ownFor);
    const { signal } = context.mcpReq;
    // What may belong to another call, or to none, outlives the answer of this one.
    const end = calls.isTold() ? call?.over : call?.givenUp;
    const goOn = calls.pauseCurrent();
    open += 1;
    try {
      return await host.ask(asked, {
        signal: end === undefined ? signal : AbortSignal.any([signal, end]),
        onProgress: progressTo(context),
      });
    } finally {
      open -= 1;
      goOn();
    }
  };

  client.fallbackNotificationHandler = async ({ method, params }: Incoming) => {
    const host = calls.current()?.host ?? standing;
    if (host === undefined || !isObject(params)) return;
    if (method === 'notifications/message') host.tell({ method, params });
    if (method !== 'notifications/elicitation/complete') return;
    const elicitationId = elicitations.own(params['elicitationId']);
    if (elicitationId !== undefined) host.tell({ method, params: { elicitationId } });
  };
}

/** Everything but what belongs to this leg alone: its `_meta`, and a task that we do not keep. */
function askedParams(params: unknown): JsonObject {
  const { _meta, task, ...asked } = isObject(params) ? params : {};
  return asked;
}

/** The host's progress, under the token that the server gave; nobody hears it where there was none. */
function progressTo({ mcpReq }: ClientContext): (progress: { progress: number; total?: number }) => void {
  const progressToken = mcpReq._meta?.progressToken;
  return ({ progress, total }) => {
    if (progressToken === undefined) return;
    const params = { progressToken, progress, ...(total === undefined ? {} : { total }) };
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
  };
}

/** Ids of ours for those of the server: one server must not end the elicitation of another by guessing its id. */
interface ElicitationIds {
  ownFor(id: string): string;
  own(id: unknown): string | undefined;
}

function createElicitationIds(): ElicitationIds {
  const owns = new Map<unknown, string>();
  return {
    ownFor(id) {
      const own = owns.get(id) ?? randomUUID();
      owns.set(id, own);
      if (owns.size > ELICITATION_IDS_KEPT_MAX) owns.delete(owns.keys().next().value);
      return own;
    },
    own: (id) => owns.get(id),
  };
}

function withOwnElicitationId(request: HostRequest, ownFor: (id: string) => string): HostRequest {
  const id = request.params?.['elicitationId'];
  if (typeof id !== 'string') return request;
  return { ...request, params: { ...request.params, elicitationId: ownFor(id) } };
}
