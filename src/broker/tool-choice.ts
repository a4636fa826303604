/**
 * Which of a server's tools the user allows each agent. An allow-list: once they have chosen, a tool that the server adds
 * later is neither seen nor called until they have looked at it, whatever it is called and says it does.
 */
import type { ServerEntry } from '../catalog/index.js';
import type { Principal } from '../core/principal.js';
import type { ToolChoice, Vault } from '../vault/index.js';
import type { Parts } from './parts.js';
import { boundUrl } from './server-of-caller.js';

/** The tools that the agent may see and call; undefined where the user chose none, and all are allowed. */
export type ChosenTools = ReadonlySet<string> | undefined;

/** What is chosen for the agent at a server of that name; read for each call, so that every process obeys the next one. */
export async function toolChoice(
  parts: Parts,
  principal: Principal,
  serverName: string,
): Promise<ToolChoice | undefined> {
  if (!(await parts.vaultExists())) return undefined;
  return (await (await parts.vault()).toolChoices.get(choiceId(principal, serverName)))?.value;
}

/** The agent's choices for all servers, by their names. */
export async function toolChoices(parts: Parts, principal: Principal): Promise<ReadonlyMap<string, ToolChoice>> {
  if (!(await parts.vaultExists())) return new Map();
  const records = await (await parts.vault()).toolChoices.list([principal.team, principal.user]);
  const own = records.filter(({ value }) => value.owner.agent === principal.agent);
  return new Map(own.map(({ value }) => [value.serverName, value]));
}

/** A choice is for the server that it was made for: another of the same name is not chosen from. */
export function chosenTools(entry: ServerEntry, choice: ToolChoice | undefined): ChosenTools {
  return choice?.serverUrl === boundUrl(entry) ? new Set(choice.allowed) : undefined;
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
