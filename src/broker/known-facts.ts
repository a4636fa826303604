/** What is known of a server by its name, once something has failed: another failure on the way leaves it unknown. */
import { isServerName } from '../catalog/index.js';
import { BrokerError } from '../core/errors.js';
import type { Principal } from '../core/principal.js';
import { knownOf, type SkillsAbout } from './helpful-skills.js';
import { findEntry } from './known-server.js';
import type { Parts } from './parts.js';

export async function knownFacts(
  parts: Parts,
  principal: Principal,
  serverName: string,
): Promise<Partial<SkillsAbout>> {
  if (!isServerName(serverName)) return {};
  try {
    const entry = await findEntry(parts, principal, serverName);
    return entry === undefined ? {} : knownOf(entry);
  } catch (error) {
    if (error instanceof BrokerError) return {};
    throw error;
  }
}
