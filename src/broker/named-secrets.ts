/** Secrets by name: a user's, a team's, or those of everybody who shares this vault. Any entry may take one from its source. */
import type { ValueSource } from '../catalog/index.js';
import { displayText, isShowable } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { SECRET_NAME_MAX_LENGTH, TOKEN_MAX_LENGTH } from '../core/limits.js';
import { PRODUCT_NAME } from '../core/names.js';
import type { Principal } from '../core/principal.js';
import { rememberSecret } from '../core/redaction.js';
import { shellWord } from '../core/shell-word.js';
import type { ListedSecret } from './broker.js';
import type { Parts } from './parts.js';
import { isoInstant } from './payloads.js';

/** As `source` of an entry says it. */
export type NamedSecretReference = Extract<ValueSource, { readonly source: `${string}_secret` }>;

const SCOPE_OPTIONS: Readonly<Record<NamedSecretReference['source'], string>> = {
  user_secret: '',
  team_secret: ' --team',
  org_secret: ' --org',
};

/** What whoever may store this secret types. */
export function storingCommand({ source, name }: NamedSecretReference): string {
  return `${PRODUCT_NAME} secret set ${shellWord(displayText(name))}${SCOPE_OPTIONS[source]}`;
}

/** A value may become a header or a variable: one line, and no more than a token may be. */
const UNFIT = /\p{Cc}/u;

/** The secret, known to the redaction filter; undefined where nobody has stored it. */
export async function namedSecret(
  parts: Parts,
  principal: Principal,
  reference: NamedSecretReference,
): Promise<string | undefined> {
  if (!(await parts.vaultExists())) return undefined;
  const stored = await (await parts.vault()).namedSecrets.get(secretId(principal, reference));
  if (stored === undefined) return undefined;
  rememberSecret(stored.value.value);
  return stored.value.value;
}

/** @throws {BrokerError} `invalid_input` for what cannot be a name or a secret. */
export async function storeNamedSecret(
  parts: Parts,
  principal: Principal,
  reference: NamedSecretReference,
  given: string,
): Promise<void> {
  const value = given.trim();
  rememberSecret(value);
  if (reference.name === '' || !isShowable(reference.name, SECRET_NAME_MAX_LENGTH))
    throw new BrokerError('invalid_input', 'That is no name for a secret: it is empty, too long, or cannot be shown.');
  if (value === '' || value.length > TOKEN_MAX_LENGTH || UNFIT.test(value))
    throw new BrokerError('invalid_input', 'That is no secret: it is empty, too long, or of more than one line.');
  const vault = await parts.vault();
  await parts.audit.record(principal, { event: 'secret_stored', detail: shownReference(reference), credential: value });
  await vault.namedSecrets.update(secretId(principal, reference), () => ({
    name: reference.name,
    value,
    storedAt: parts.clock.now(),
  }));
}

/** What this principal's entries may take, without any value: their own first, then the team's, then everybody's. */
export async function listNamedSecrets(parts: Parts, principal: Principal): Promise<readonly ListedSecret[]> {
  if (!(await parts.vaultExists())) return [];
  const { namedSecrets } = await parts.vault();
  const listed = await Promise.all(
    (['user', 'team', 'org'] as const).map(async (scope) => {
      const partition = secretId(principal, { source: `${scope}_secret`, name: '' }).slice(0, -1);
      const records = await namedSecrets.list(partition);
      return records
        .map(({ value }) => ({ secret: value.name, scope, storedAt: isoInstant(value.storedAt) }))
        .sort((a, b) => (a.secret < b.secret ? -1 : 1));
    }),
  );
  return listed.flat();
}

/** @returns whether there was one. */
export async function deleteNamedSecret(
  parts: Parts,
  principal: Principal,
  reference: NamedSecretReference,
): Promise<boolean> {
  if (!(await parts.vaultExists())) return false;
  const { namedSecrets } = await parts.vault();
  const id = secretId(principal, reference);
  // Of the list: one that does not open can be deleted all the same.
  const stored = (await namedSecrets.list(id.slice(0, -1))).find(({ value }) => value.name === reference.name);
  const credential = stored?.value.value;
  if (stored !== undefined)
    await parts.audit.record(principal, { event: 'cleared', detail: shownReference(reference), credential });
  return namedSecrets.delete(id);
}

function shownReference({ source, name }: NamedSecretReference): string {
  return `${source} ${name}`;
}

function secretId({ team, user }: Principal, { source, name }: NamedSecretReference): readonly string[] {
  if (source === 'org_secret') return ['org', name];
  return source === 'team_secret' ? ['team', team, name] : ['user', team, user, name];
}
