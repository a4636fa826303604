/** `requires_auth` for a secret that an entry names, where it is missing or its server refuses it: the user's own by a local form, others by whoever administers them. */
import { openSecretForm } from './form-tokens.js';
import { skillsOf } from './helpful-skills.js';
import { type NamedSecretReference, storingCommand } from './named-secrets.js';
import { REASON_SENTENCES, STEP_OPEN_FORM } from './next-steps.js';
import { observe } from './observations.js';
import type { RequiresAuth } from './outcomes.js';
import type { Parts } from './parts.js';
import type { AnyServer } from './server-of-caller.js';

const MISSING = { authType: 'api_key', reason: 'secret_missing' } as const;

export async function secretRequired(
  parts: Parts,
  asker: AnyServer,
  reference: NamedSecretReference,
  {
    authType,
    reason,
  }: Pick<RequiresAuth, 'authType'> & { readonly reason: 'secret_missing' | 'key_rejected' } = MISSING,
): Promise<RequiresAuth> {
  const { serverName } = asker.entry;
  const authUrl = reference.source === 'user_secret' ? await openSecretForm(parts, asker, reference.name) : undefined;
  // What else the server asks for is not known by that: only what its entry takes from here is missing.
  await observe(parts, asker, { state: 'auth_required', reason });
  return {
    status: 'requires_auth',
    serverName,
    authType,
    authUrl: authUrl ?? null,
    ...(authUrl !== undefined && { completion: 'form' as const }),
    reason,
    helpfulSkills: skillsOf(asker.entry),
    nextStep: `${REASON_SENTENCES[reason]} ${stepOf(reference, authUrl !== undefined)}`,
  };
}

function stepOf(reference: NamedSecretReference, hasForm: boolean): string {
  const command = storingCommand(reference);
  if (reference.source === 'user_secret') {
    const inTerminal = `In a terminal: ${command}.`;
    return hasForm ? `${STEP_OPEN_FORM} ${inTerminal}` : inTerminal;
  }
  const whose = reference.source === 'team_secret' ? 'team' : 'organisation';
  return `It belongs to the ${whose}: ask the administrator to run: ${command}. Then call connect_to_mcp_server again.`;
}
