/** `requires_auth` for a secret that an entry names: the user's own by a local form, others by whoever administers them. */
import { shellWord } from '../core/shell-word.js';
import { openSecretForm } from './form-tokens.js';
import { skillsOf } from './helpful-skills.js';
import type { NamedSecretReference } from './named-secrets.js';
import { REASON_SENTENCES, STEP_OPEN_FORM } from './next-steps.js';
import { observe } from './observations.js';
import type { RequiresAuth } from './outcomes.js';
import type { Parts } from './parts.js';
import type { AnyServer } from './server-of-caller.js';

export async function secretRequired(
  parts: Parts,
  asker: AnyServer,
  reference: NamedSecretReference,
): Promise<RequiresAuth> {
  const { serverName } = asker.entry;
  const authUrl = reference.source === 'user_secret' ? await openSecretForm(parts, asker, reference.name) : undefined;
  await observe(parts, asker, { state: 'auth_required', authType: 'api_key', reason: 'secret_missing' });
  return {
    status: 'requires_auth',
    serverName,
    authType: 'api_key',
    authUrl: authUrl ?? null,
    ...(authUrl !== undefined && { completion: 'form' as const }),
    reason: 'secret_missing',
    helpfulSkills: skillsOf(asker.entry),
    nextStep: `${REASON_SENTENCES.secret_missing} ${stepOf(reference, authUrl !== undefined)}`,
  };
}

function stepOf({ source, name }: NamedSecretReference, hasForm: boolean): string {
  if (source === 'user_secret') {
    const inTerminal = `In a terminal: mcp-oauth-broker secret set ${shellWord(name)}.`;
    return hasForm ? `${STEP_OPEN_FORM} ${inTerminal}` : inTerminal;
  }
  const [whose, option] = source === 'team_secret' ? ['team', '--team'] : ['organisation', '--org'];
  return `It belongs to the ${whose}: ask the administrator to run: mcp-oauth-broker secret set ${shellWord(name)} ${option}. Then call connect_to_mcp_server again.`;
}
