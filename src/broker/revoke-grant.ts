/** Ends a grant at its authorization server (RFC 7009); what becomes of it here does not depend on the answer. */
import { type Revocation, revokeTokens } from '../oauth/index.js';
import type { Grant } from '../vault/index.js';
import { authenticatingClient } from './authenticating-client.js';
import { currentClient } from './current-client.js';
import type { Parts } from './parts.js';

/** @returns `failed` where the server did not answer or must not be asked. */
export async function revokeGrant(parts: Parts, grant: Grant): Promise<Revocation> {
  try {
    return await revokeTokens({
      authorizationServer: grant.authorizationServer,
      client: await authenticatingClient(parts, grant.serverName, (await currentClient(parts, grant)) ?? grant.client),
      accessToken: grant.accessToken,
      ...(grant.refreshToken !== undefined && { refreshToken: grant.refreshToken }),
      fetch: parts.network.guardedFetch(new URL(grant.serverUrl)),
    });
  } catch (error) {
    parts.log.warn({ serverName: grant.serverName, cause: String(error) }, 'the tokens could not be revoked');
    return 'failed';
  }
}
