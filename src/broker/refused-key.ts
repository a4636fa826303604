/**
 * What is said of a key that the server refused when it was given. Nothing that is stored changes by it, nor what is
 * known of the server: the key that is stored may be a good one.
 */
import { BrokerError } from '../core/errors.js';
import { classifyRefusal } from './classify-refusal.js';
import { skillsOf } from './helpful-skills.js';
import { askForKey } from './key-required.js';
import type { KnownServer } from './known-server.js';
import { REASON_SENTENCES } from './next-steps.js';
import type { RequiresAuth } from './outcomes.js';
import type { Parts } from './parts.js';
import { statedKind } from './sign-in.js';
import type { KeyTrial } from './store-key.js';

/** `requires_auth` with `key_rejected`: for another key, or for the sign-in that the server takes. */
export async function refusedKey(
  parts: Parts,
  server: KnownServer,
  { keyKind, refusal }: Extract<KeyTrial, { readonly kind: 'refused' }>,
): Promise<RequiresAuth> {
  if (!(await takesSignIn(parts, server, refusal))) return askForKey(parts, server, keyKind, 'key_rejected');
  const { serverName } = server.entry;
  return {
    status: 'requires_auth',
    serverName,
    authType: 'oauth2',
    authUrl: null,
    reason: 'key_rejected',
    helpfulSkills: skillsOf(server.entry),
    nextStep: `${REASON_SENTENCES.key_rejected} It takes a sign-in: call connect_to_mcp_server.`,
  };
}

/** By what the user's file says, else by what the server says; where that cannot be found out, it is asked for a key. */
async function takesSignIn(
  parts: Parts,
  server: KnownServer,
  refusal: Parameters<typeof classifyRefusal>[3],
): Promise<boolean> {
  const vault = await parts.vault();
  const configuration = (await vault.configurations.get(server.id.slice(0, -1)))?.value;
  const stated = statedKind(server, configuration);
  if (stated !== 'auto') return stated === 'oauth2';
  try {
    const found = await classifyRefusal(parts, server, configuration, refusal);
    // Default endpoints are a guess, and no word of the server's.
    return found.kind === 'authorization_server' && found.discovery.authorizationServer.source !== 'default_endpoints';
  } catch (error) {
    if (error instanceof BrokerError) return false;
    throw error;
  }
}
