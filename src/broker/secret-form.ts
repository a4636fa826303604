/** The local form for one secret by name. It is kept as it is: nobody can tell whether it is the right one before a server uses it. */
import { shownName } from '../core/names.js';
import type { TokenIndex } from '../vault/index.js';
import type { FormView } from './browser-results.js';
import { storeNamedSecret } from './named-secrets.js';
import type { Parts } from './parts.js';

/** @throws {BrokerError} `invalid_input` for what cannot be a secret. */
export async function takeSecret(
  parts: Parts,
  { principal, secretName = '' }: TokenIndex,
  fields: Readonly<Record<string, string>>,
): Promise<void> {
  await storeNamedSecret(parts, principal, { source: 'user_secret', name: secretName }, fields['key'] ?? '');
}

export function secretView({ serverName, secretName, csrfToken }: TokenIndex): FormView {
  return {
    serverName: shownName(serverName),
    serverUrl: '',
    form: 'secret',
    redirectUri: '',
    needsClientSecret: false,
    ...(secretName !== undefined && { keyLabel: secretName }),
    csrfToken: csrfToken ?? '',
  };
}
