/** A key that an entry of `servers.json` takes from somewhere, and that its server refuses. */
import { BrokerError } from '../core/errors.js';
import { PRODUCT_NAME } from '../core/names.js';
import type { Refusal } from '../upstream/index.js';
import { actOn } from './audit.js';
import type { CredentialInHand } from './credential.js';
import type { KnownServer } from './known-server.js';
import { observe } from './observations.js';
import type { RequiresAuth } from './outcomes.js';
import type { Parts } from './parts.js';
import { secretRequired } from './secret-required.js';
import { describeSource } from './value-references.js';

/**
 * Who may store the secret that the entry names is asked for another.
 * @throws {BrokerError} `invalid_input` that names the variable, file or entry where only the user can mend it.
 */
export async function refusedKeyOfFile(
  parts: Parts,
  server: KnownServer,
  { authType, key }: CredentialInHand,
  { status }: Refusal,
): Promise<RequiresAuth> {
  const { value = '', serverName } = server.entry;
  await parts.audit.note(server.principal, {
    event: 'key_refused',
    ...actOn(server),
    ...(key !== undefined && { credential: key }),
  });
  if (typeof value !== 'string')
    switch (value.source) {
      case 'user_secret':
      case 'team_secret':
      case 'org_secret':
        return secretRequired(parts, server, value, {
          authType: authType === 'api_key' ? 'api_key' : 'bearer',
          reason: 'key_rejected',
        });
    }
  await observe(parts, server, { state: 'error', reason: 'invalid_input' });
  throw new BrokerError(
    'invalid_input',
    `The server refused the key of "${serverName}" (${status}), which in servers.json comes from ${describeSource(value)}.`,
    typeof value === 'object' && value.source === 'oauth'
      ? { nextStep: `Ask the user to run: ${PRODUCT_NAME} clear ${serverName}, then call connect_to_mcp_server again.` }
      : {},
  );
}
