/** A server with a URL, with every default filled in: what the catalog, the user's file and an agent's `url` become. */
import type { RemoteServerEntry } from './server-entry.js';

/** What must be said of a remote server, and what may be. */
export type RemoteEntryFields = Pick<RemoteServerEntry, 'serverName' | 'url' | 'source'> &
  Partial<Omit<RemoteServerEntry, 'kind' | 'serverName' | 'url' | 'source'>>;

/** The entry with the contract's defaults (section 6): `auth: auto`, header `X-API-Key` without prefix, `per_user`. */
export function createRemoteEntry(fields: RemoteEntryFields): RemoteServerEntry {
  return {
    kind: 'remote',
    credentialMode: 'per_user',
    auth: 'auto',
    header: 'X-API-Key',
    headerPrefix: '',
    headers: {},
    transport: 'auto',
    oauth: {},
    ...fields,
  };
}
