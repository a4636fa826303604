/**
 * Tokens that are bound to a key (RFC 9449). The key is made for one sign-in, lies encrypted with what comes of it, and
 * ends with it; every process that uses the grant proves with it that the token is ours.
 */
import { rememberSecret } from '../core/redaction.js';
import {
  asksForNonce,
  createDpopProver,
  type DpopBinding,
  type DpopDemand,
  type DpopKey,
  generateDpopKey,
  privateMembers,
} from '../oauth/index.js';
import type { RequestCredential } from '../upstream/index.js';
import type { Grant, PendingAuthorization } from '../vault/index.js';
import type { Parts } from './parts.js';

type PendingBinding = NonNullable<PendingAuthorization['dpop']>;

/** A key for the tokens of a new sign-in; undefined where they are not to be bound. */
export async function newBinding(demand: DpopDemand | undefined): Promise<PendingBinding | undefined> {
  if (demand === undefined) return undefined;
  const key = await generateDpopKey(demand.algorithm);
  rememberKey(key);
  return { key, ...(demand.acceptsBearer && { acceptsBearer: true }) };
}

/** What token requests are proven with. */
export function bindingOf(parts: Parts, binding: PendingBinding | undefined): DpopBinding | undefined {
  if (binding === undefined) return undefined;
  rememberKey(binding.key);
  return { ...binding, nonces: parts.dpopNonces };
}

/** Makes the private key known to the redaction filter before anyone can see it. */
export function rememberKey(key: DpopKey): void {
  for (const member of privateMembers(key)) rememberSecret(member);
}

/** The `headers` of a bound token, with a new proof for each request and the nonce that its server asks for. */
export function boundCredential(
  { dpopNonces }: Parts,
  { accessToken }: Pick<Grant, 'accessToken'>,
  key: DpopKey,
  headers: Readonly<Record<string, string>>,
): RequestCredential {
  const prove = createDpopProver(key);
  return {
    headers: ({ method, url }) => ({
      ...headers,
      DPoP: prove({ method, url, accessToken, nonce: dpopNonces.nonceFor(url) }),
    }),
    wantsOtherHeaders: ({ url }, answer) => {
      const hasNonce = dpopNonces.adopt(url, answer.headers);
      return hasNonce && asksForNonce(answer.status, answer.headers.get('www-authenticate'));
    },
  };
}
