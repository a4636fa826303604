/**
 * The tools of a server as the user chooses from them for one agent: what the server lists now, or where it cannot be
 * asked, what was chosen from the last time.
 */
import { displayText } from '../core/display-text.js';
import { TOOL_TITLE_MAX_LENGTH, TOOLS_MAX } from '../core/limits.js';
import type { Principal } from '../core/principal.js';
import type { ToolChoice } from '../vault/index.js';
import type { AgentTools, NewToolChoice, ToolToChoose } from './agent-tools.js';
import type { Definition } from './broker.js';
import type { EveryServer } from './every-server.js';
import { type AnyServer, anyServer } from './known-server.js';
import type { Parts } from './parts.js';
import { choiceFor, choiceId, choiceUrl, type ReadChoice, toolChoice } from './tool-choice.js';

export interface ToolChoosing {
  /** Of the principal's agent; connects on demand, as a search does. @throws {BrokerError} as `anyServer` does. */
  toolsOf(principal: Principal, serverName: string): Promise<AgentTools>;
  /** @throws {BrokerError} as `anyServer` does. */
  choose(principal: Principal, serverName: string, choice: NewToolChoice): Promise<void>;
}

export function createToolChoosing(parts: Parts, everyServer: EveryServer): ToolChoosing {
  async function toolsOf(principal: Principal, serverName: string): Promise<AgentTools> {
    const { choice, listed } = await chosenFrom(principal, serverName);
    const definitions = listed.definitions ?? namesOf(choice).map((name): Definition => ({ name }));
    return {
      status: 'success',
      serverName,
      agent: principal.agent,
      tools: definitions.map((tool) => toolToChoose(tool, choice)),
      isChosen: choice !== undefined,
      ...(listed.reason !== undefined && { reason: listed.reason }),
    };
  }

  async function choose(principal: Principal, serverName: string, wanted: NewToolChoice): Promise<void> {
    const { server, choice: before, listed } = await chosenFrom(principal, serverName);
    const collection = (await parts.vault()).toolChoices;
    const id = choiceId(principal, serverName);
    await parts.audit.record(principal, { event: 'tools_chosen', serverName });
    if (wanted === 'anything') return void (await collection.delete(id));
    const { team, user, agent } = principal;
    const base = { owner: { team, user, agent }, serverName, serverUrl: choiceUrl(server.entry) };
    const names = listed.definitions?.map(({ name }) => name) ?? namesOf(before);
    // One that does not open can only be replaced.
    if (before !== undefined && before.serverUrl === undefined) await collection.delete(id);
    await collection.update(id, (current) => ({
      ...base,
      ...changed(choiceFor(server.entry, current), names, wanted),
      chosenAt: parts.clock.now(),
    }));
  }

  async function chosenFrom(
    principal: Principal,
    serverName: string,
  ): Promise<{
    readonly server: AnyServer;
    readonly choice: ReadChoice | undefined;
    readonly listed: { readonly definitions?: readonly Definition[]; readonly reason?: string };
  }> {
    const server = await anyServer(parts, principal, { serverName });
    const choice = choiceFor(server.entry, await toolChoice(parts, principal, serverName));
    // What may be chosen is what the entry allows, not what was chosen before.
    const [list] = await everyServer.lists([{ ...server, chosenTools: undefined }], 'tools');
    return { server, choice, listed: list?.kind === 'listed' ? list : { reason: list?.reason ?? 'requires_auth' } };
  }

  return { toolsOf, choose };
}

function namesOf(choice: ReadChoice | undefined): readonly string[] {
  return [...(choice?.allowed ?? []), ...(choice?.refused ?? [])].sort();
}

/** Of `names` alone; what was not shown to the user stays as it was. */
function changed(
  before: ToolChoice | undefined,
  names: readonly string[],
  wanted: Exclude<NewToolChoice, 'anything'>,
): Pick<ToolChoice, 'allowed' | 'refused'> {
  if (wanted === 'all') return { allowed: names, refused: [] };
  if (wanted === 'none') return { allowed: [], refused: names };
  const isThere = new Set(names);
  const [allowed, refused] = [new Set(before?.allowed ?? names), new Set(before?.refused)];
  for (const name of wanted.allowed) if (isThere.has(name)) move(name, refused, allowed);
  for (const name of wanted.refused) if (isThere.has(name)) move(name, allowed, refused);
  return { allowed: bounded(allowed, isThere), refused: bounded(refused, isThere) };
}

function move(name: string, from: Set<string>, to: Set<string>): void {
  from.delete(name);
  to.add(name);
}

/** Tools that the server does not list now may come back; a server that renames all of them fills no vault. */
function bounded(names: ReadonlySet<string>, listed: ReadonlySet<string>): readonly string[] {
  return names.size <= TOOLS_MAX ? [...names] : [...names].filter((name) => listed.has(name));
}

function toolToChoose(tool: Definition, choice: ReadChoice | undefined): ToolToChoose {
  const { name } = tool;
  const { title, description } = tool;
  const isAllowed = choice === undefined || choice.allowed.includes(name);
  return {
    name,
    ...(typeof title === 'string' && { title: displayText(title, TOOL_TITLE_MAX_LENGTH) }),
    ...(typeof description === 'string' && { description: displayText(description) }),
    isAllowed,
    isNew: choice !== undefined && !isAllowed && !choice.refused.includes(name),
  };
}
