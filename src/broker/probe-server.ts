/** Asks a server, without a credential, whether it lets us in, and says so in what is known of it. */
import { BrokerError } from '../core/errors.js';
import { PRODUCT_NAME } from '../core/names.js';
import { type Probe, probeRemote, type Refusal } from '../upstream/index.js';
import { resolvedHeaders } from './connections.js';
import type { KnownServer } from './known-server.js';
import { observe } from './observations.js';
import type { Parts } from './parts.js';

/** @throws {BrokerError} `upstream_unreachable`, `upstream_protocol_error`; `invalid_input` where a header's source is missing. */
export async function probeServer(parts: Parts, server: KnownServer): Promise<Probe> {
  try {
    return await probe(parts, server);
  } catch (error) {
    if (error instanceof BrokerError) await observe(parts, server, { state: 'error', reason: error.code });
    throw error;
  }
}

/**
 * How the server refuses a request without a token now: its challenge leads to its metadata and names a scope.
 * Undefined where it does not refuse, or is none, or does not answer: then discovery goes by the well-known places.
 */
export async function currentRefusal(parts: Parts, server: KnownServer): Promise<Refusal | undefined> {
  if (server.provider !== undefined) return undefined;
  let answer: Probe;
  try {
    answer = await probe(parts, server);
  } catch (error) {
    if (error instanceof BrokerError) return undefined;
    throw error;
  }
  return answer.kind === 'refused' ? answer.refusal : undefined;
}

async function probe(parts: Parts, server: KnownServer): Promise<Probe> {
  const url = new URL(server.entry.url);
  return probeRemote(
    {
      url,
      fetch: parts.network.upstreamFetch(url),
      transport: server.entry.transport,
      headers: await resolvedHeaders(parts, server),
    },
    { clientName: PRODUCT_NAME, clientVersion: parts.settings.version, log: parts.log },
  );
}
