/** What a server learns of the host: of 2026-07-28 with each request, before that once, and its log level when it changes. */
import { CLIENT_CAPABILITIES_META_KEY, type Client, LOG_LEVEL_META_KEY } from '@modelcontextprotocol/client';
import { type Host, type HostLogLevel, isAtLeast } from '../core/host.js';
import type { JsonObject } from '../core/json-object.js';
import { LOG_LEVEL_TIMEOUT_MS } from '../core/limits.js';
import { VERBATIM } from '../core/verbatim.js';

/** The parameters of a request of 2026-07-28, which say for what host it is made. */
export function withHost(params: JsonObject | undefined, host: Host | undefined): JsonObject | undefined {
  if (host === undefined) return params;
  const level = wantedLevel(host);
  const meta = {
    [CLIENT_CAPABILITIES_META_KEY]: host.capabilities,
    ...(level !== undefined && { [LOG_LEVEL_META_KEY]: level }),
  };
  return { ...params, _meta: { ...(params?.['_meta'] as JsonObject | undefined), ...meta } };
}

/** A host of before that has named no level hears what a server of before would tell it by itself. */
function wantedLevel({ logLevel, isAskedByResult }: Host): HostLogLevel | undefined {
  return logLevel ?? (isAskedByResult ? undefined : 'info');
}

export interface LogLevel {
  /** Has the server send what the host wants, where it can. Never throws. */
  follow(host: Host): Promise<void>;
}

export function createLogLevel(client: Client): LogLevel {
  let current: HostLogLevel | undefined;
  return {
    async follow({ logLevel: wanted, isAskedByResult }) {
      if (wanted === undefined || client.getServerCapabilities()?.logging === undefined) return;
      // The calls of a 2026-07-28 host want different levels at once: the lowest serves them all, and each is filtered.
      if (current === wanted || (isAskedByResult && current !== undefined && isAtLeast(wanted, current))) return;
      current = wanted;
      const request = { method: 'logging/setLevel', params: { level: wanted } };
      await client.request(request, VERBATIM, { timeout: LOG_LEVEL_TIMEOUT_MS }).catch(() => {});
    },
  };
}
