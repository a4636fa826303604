/** A host of before 2026-07-28: it is asked by requests of ours, at any time. */
import { randomUUID } from 'node:crypto';
import { ProtocolError, type Server } from '@modelcontextprotocol/server';
import { type Host, HostRefusal, type HostRequest, INTERNAL_ERROR } from '../core/host.js';
import type { JsonObject } from '../core/json-object.js';
import { HOST_ANSWER_MAX_TOTAL_MS, HOST_ANSWER_TIMEOUT_MS } from '../core/limits.js';
import { redactJson } from '../core/redaction.js';
import { VERBATIM } from '../core/verbatim.js';

/** @param answerTimeoutMs how long it may be silent before it counts as not answering. */
export function askDirectly(server: Server, answerTimeoutMs = HOST_ANSWER_TIMEOUT_MS): Host['ask'] {
  let hasAsked = false;
  return async (asked, { signal, onProgress, isOurs = false } = {}): Promise<JsonObject> => {
    signal?.throwIfAborted();
    // Hosts of the 1.x SDK never cancel a request whose id is 0, as that of the first one is.
    if (!hasAsked) server.ping().catch(() => {});
    hasAsked = true;
    const request = withElicitationId(asked);
    const { method, params = {} } = isOurs ? request : redactJson(request);
    try {
      return await server.request({ method, params }, VERBATIM, {
        timeout: answerTimeoutMs,
        maxTotalTimeout: HOST_ANSWER_MAX_TOTAL_MS,
        resetTimeoutOnProgress: true,
        onprogress: (progress) => onProgress?.(numbersOf(progress)),
        ...(signal !== undefined && { signal }),
      });
    } catch (error) {
      signal?.throwIfAborted();
      // The code is the host's word; its message may be the user's.
      if (error instanceof ProtocolError) throw new HostRefusal(error.code, error.message);
      throw new HostRefusal(INTERNAL_ERROR, 'The host did not answer.');
    }
  };
}

/** 2025-11-25 wants an id where a server of 2026-07-28 has none. */
function withElicitationId(asked: HostRequest): HostRequest {
  const { params } = asked;
  if (params?.['mode'] !== 'url' || params['elicitationId'] !== undefined) return asked;
  return { ...asked, params: { ...params, elicitationId: randomUUID() } };
}

function numbersOf({ progress, total }: { readonly progress: number; readonly total?: number | undefined }) {
  return { progress, ...(total === undefined ? {} : { total }) };
}
