/**
 * Live connections to upstream servers: one for each owner, account and server, opened on demand.
 * A connection outlives tokens, so it asks for its credential before every request.
 */
import { REPLACED_TOKENS_MAX } from '../core/limits.js';
import type { Owner } from '../core/principal.js';
import { connectRemote, type RequestCredential, type UpstreamConnection } from '../upstream/index.js';
import { boundCredential } from './bound-token.js';
import { connectOptions } from './connect-options.js';
import { connectionKey, connectionKeys } from './connection-key.js';
import type { CredentialInHand } from './credential.js';
import type { KnownServer } from './known-server.js';
import { isDeclaredTo } from './named-host.js';
import type { Parts } from './parts.js';
import { resolveValue } from './value-sources.js';

export interface Connections {
  /** @throws as `connectRemote` does. */
  open(
    server: KnownServer,
    credential: CredentialInHand,
    options?: { readonly timeoutMs?: number },
  ): Promise<UpstreamConnection>;
  /** A connection of the caller's own, to try a credential; the caller closes it. */
  openAside(server: KnownServer, credential: CredentialInHand): Promise<UpstreamConnection>;
  /** The next request opens another connection; operations under way on this one end first. */
  retire(server: KnownServer): void;
  /** Closes every connection of that name that `owners` have, whichever account it is for, or one account's. */
  dropAll(owners: readonly Owner[], serverName: string, account?: string): Promise<void>;
}

/** What the requests of one connection carry. */
interface Carried {
  readonly header: CredentialInHand['header'];
  readonly credential: RequestCredential | undefined;
  /** Values that a newer one has replaced. */
  readonly replaced: ReadonlySet<string>;
}

/** @param onToolsChanged called each time a connected server tells that its tools changed. */
export function createConnections(parts: Parts, onToolsChanged: () => void): Connections {
  const carried = new Map<string, Carried>();
  const headersSent = new Map<string, string>();

  async function open(
    server: KnownServer,
    credential: CredentialInHand,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<UpstreamConnection> {
    const key = connectionKey(server);
    if (!isDeclaredTo(parts.pool.get(key), parts.attended.host) || (await haveHeadersChanged(key, server)))
      parts.pool.retire(key);
    carried.set(key, carriedNext(parts, carried.get(key), credential));
    return parts.pool.use(key, () => connect(server, async () => carried.get(key)?.credential, options));
  }

  /** A connection sends the headers that it was opened with: a secret that was replaced, or a token that was refreshed, opens another. */
  async function haveHeadersChanged(key: string, server: KnownServer): Promise<boolean> {
    const headers = JSON.stringify(await resolvedHeaders(parts, server));
    const before = headersSent.get(key);
    headersSent.set(key, headers);
    return before !== undefined && before !== headers;
  }

  async function connect(
    server: KnownServer,
    credential: () => Promise<RequestCredential | undefined>,
    options: { readonly timeoutMs?: number },
  ): Promise<UpstreamConnection> {
    const url = new URL(server.entry.url);
    return connectRemote(
      {
        url,
        fetch: parts.network.upstreamFetch(url),
        transport: server.entry.transport,
        headers: await resolvedHeaders(parts, server),
        credential,
      },
      await connectOptions(parts, server, { onToolsChanged, ...options }),
    );
  }

  async function openAside(server: KnownServer, credential: CredentialInHand): Promise<UpstreamConnection> {
    const proven = requestCredential(parts, credential);
    return connect(server, async () => proven, {});
  }

  function retire(server: KnownServer): void {
    parts.pool.retire(connectionKey(server));
  }

  async function dropAll(owners: readonly Owner[], serverName: string, account?: string): Promise<void> {
    const meant = connectionKeys(carried, owners, serverName, account);
    for (const key of meant) {
      carried.delete(key);
      headersSent.delete(key);
    }
    await Promise.all(meant.map((key) => parts.pool.drop(key)));
  }

  return { open, openAside, retire, dropAll };
}

/** A slow call that read the grant before it was refreshed does not put the old token back under the others. */
function carriedNext(parts: Parts, current: Carried | undefined, next: CredentialInHand): Carried {
  const { grant, header } = next;
  const renewed = (replaced: readonly string[]): Carried => ({
    header,
    credential: requestCredential(parts, next),
    replaced: new Set(replaced.slice(-REPLACED_TOKENS_MAX)),
  });
  if (current?.header === undefined || grant === undefined || header === undefined) return renewed([]);
  if (current.header.value === header.value || current.replaced.has(header.value)) return current;
  return renewed([...current.replaced, current.header.value]);
}

function requestCredential(parts: Parts, { header, grant }: CredentialInHand): RequestCredential | undefined {
  if (header === undefined) return undefined;
  const headers = { [header.name]: header.value };
  return grant?.dpopKey === undefined
    ? { headers: () => headers }
    : boundCredential(parts, grant, grant.dpopKey, headers);
}

export async function resolvedHeaders(parts: Parts, server: KnownServer): Promise<Readonly<Record<string, string>>> {
  const entries = await Promise.all(
    Object.entries(server.entry.headers).map(
      async ([name, source]) =>
        [
          name,
          await resolveValue(parts, server, source, `The header ${name} of "${server.entry.serverName}"`),
        ] as const,
    ),
  );
  return Object.fromEntries(entries);
}
