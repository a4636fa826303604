/** What a request carries to prove itself. */
import type { Grant } from '../vault/index.js';
import type { AuthType } from './outcomes.js';

/** A header to send (of a grant that is bound to a key, beside a proof), or nothing; `authType` as the payloads say it. */
export interface CredentialInHand {
  readonly kind: 'none' | 'grant' | 'secret' | 'file';
  readonly authType: AuthType;
  readonly header?: { readonly name: string; readonly value: string };
  readonly grant?: Grant;
  /** The key itself, of a stored one. */
  readonly key?: string;
}

export const NO_CREDENTIAL: CredentialInHand = { kind: 'none', authType: 'none' };
