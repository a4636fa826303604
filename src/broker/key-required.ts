/** `requires_auth` for a bearer token or API key: a local form takes it, so that it never passes the chat. */
import { openForm } from './form-tokens.js';
import { skillsOf } from './helpful-skills.js';
import type { KnownServer } from './known-server.js';
import { REASON_SENTENCES, STEP_OPEN_FORM } from './next-steps.js';
import { observe } from './observations.js';
import type { AuthReason, RequiresAuth } from './outcomes.js';
import type { Parts } from './parts.js';

/** For what is stored, or is not: the server's state is noted. */
export async function keyRequired(
  parts: Parts,
  server: KnownServer,
  kind: 'bearer' | 'api_key',
  reason: AuthReason | undefined,
): Promise<RequiresAuth> {
  await observe(parts, server, { state: 'auth_required', authType: kind, ...(reason !== undefined && { reason }) });
  return askForKey(parts, server, kind, reason);
}

/** The payload alone. */
export async function askForKey(
  parts: Parts,
  server: KnownServer,
  kind: 'bearer' | 'api_key',
  reason: AuthReason | undefined,
): Promise<RequiresAuth> {
  const { serverName } = server.entry;
  const authUrl = await openForm(parts, server, 'key');
  const inTerminal = `In a terminal: mcp-oauth-broker key set ${serverName}.`;
  const why = reason === undefined ? '' : `${REASON_SENTENCES[reason]} `;
  return {
    status: 'requires_auth',
    serverName,
    authType: kind,
    authUrl: authUrl ?? null,
    ...(authUrl !== undefined && { completion: 'form' as const }),
    ...(reason !== undefined && { reason }),
    helpfulSkills: skillsOf(server.entry),
    nextStep: authUrl === undefined ? `${why}${inTerminal}` : `${why}${STEP_OPEN_FORM} ${inTerminal}`,
  };
}
