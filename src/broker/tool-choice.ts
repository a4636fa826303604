/**
 * Which of a server's tools the user allows each agent. An allow-list: once they have chosen, a tool that the server adds
 * later is neither seen nor called until they have looked at it, whatever it is called and says it does.
 */
import type { ServerEntry } from '../catalog/index.js';
import { BrokerError } from '../core/errors.js';
import type { Principal } from '../core/principal.js';
import type { ToolChoice, Vault } from '../vault/index.js';
import type { Parts } from './parts.js';
import { isSameUrl } from './server-of-caller.js';

/** A choice as it was read; one that does not open is of no URL, and allows nothing until the user chooses again. */
export type ReadChoice = Pick<ToolChoice, 'allowed' | 'refused'> & Partial<Pick<ToolChoice, 'serverUrl'>>;

const UNREADABLE: ReadChoice = { allowed: [], refused: [] };

/** What is chosen for the agent at a server of that name; read for each call, so that every process obeys the next one. */
export async function toolChoice(
  parts: Parts,
  principal: Principal,
  serverName: string,
): Promise<ReadChoice | undefined> {
  if (!(await parts.vaultExists())) return undefined;
  const vault = await parts.vault();
  try {
    return (await vault.toolChoices.get(choiceId(principal, serverName)))?.value;
  } catch (error) {
    if (error instanceof BrokerError && error.code === 'vault_unreadable' && !error.retryable) return UNREADABLE;
    throw error;
  }
}

/** The agent's choices for all servers, by their names. */
export async function toolChoices(parts: Parts, principal: Principal): Promise<ReadonlyMap<string, ToolChoice>> {
  if (!(await parts.vaultExists())) return new Map();
  const records = await (await parts.vault()).toolChoices.list([principal.team, principal.user]);
  const own = records.filter(({ value }) => value.owner.agent === principal.agent);
  return new Map(own.map(({ value }) => [value.serverName, value]));
}

/** A choice is for the server that it was made for: of another that has taken its name nothing is chosen. */
export function choiceFor<Choice extends ReadChoice>(
  entry: ServerEntry,
  choice: Choice | undefined,
): Choice | undefined {
  if (choice?.serverUrl === undefined) return choice;
  return isSameUrl(choice.serverUrl, choiceUrl(entry)) ? choice : undefined;
}

/**
 * What a choice is bound to. A program is the user's own, whatever its arguments are: a newer version of it is the same
 * one, whose new tools wait for them.
 */
export function choiceUrl(entry: ServerEntry): string {
  return entry.kind === 'remote' ? entry.url : 'stdio:';
}

/** The server is gone, and what was chosen of it for every agent of the user's. */
export async function forgetToolChoices(
  vault: Vault,
  { team, user }: Pick<Principal, 'team' | 'user'>,
  serverName?: string,
): Promise<void> {
  for (const { value } of await vault.toolChoices.list([team, user]))
    if (serverName === undefined || value.serverName === serverName)
      await vault.toolChoices.delete([team, user, value.owner.agent ?? '', value.serverName]);
}

export function choiceId({ team, user, agent }: Principal, serverName: string): readonly string[] {
  return [team, user, agent, serverName];
}
