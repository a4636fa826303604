/** The agents of a user: those that have called something where there was a vault. */
import { AGENTS_SHOWN_MAX } from '../core/limits.js';
import { type Owner, ownerTuple, type Principal } from '../core/principal.js';
import type { Broker } from './broker.js';
import { noteOwner } from './owner-notes.js';
import type { Parts } from './parts.js';

/** In order of name; the caller's own where none is known yet. Nobody else's. */
export async function agentsOf(parts: Parts, { team, user, agent }: Principal): Promise<readonly string[]> {
  const owners = (await parts.vaultExists()) ? await (await parts.vault()).owners.list([team]) : [];
  const names = owners.flatMap(({ value: { owner } }) =>
    owner.user === user && owner.agent !== undefined ? [owner.agent] : [],
  );
  return names.length === 0 ? [agent] : names.sort().slice(0, AGENTS_SHOWN_MAX);
}

/** The broker, which notes in the background what each agent is called, once in each process. */
export function notingAgents(parts: Parts, broker: Broker): Broker {
  const noted = new Set<string>();

  function note({ team, user, agent }: Principal): void {
    const owner: Owner = { team, user, agent };
    const name = `agent ${JSON.stringify(ownerTuple(owner))}`;
    if (noted.has(name)) return;
    parts.background.start(name, async () => {
      if (!(await parts.vaultExists())) return;
      await noteOwner(await parts.vault(), owner);
      noted.add(name);
    });
  }

  function after<Call extends (principal: Principal, ...rest: never[]) => Promise<unknown>>(call: Call): Call {
    return ((principal: Principal, ...rest: never[]) =>
      call(principal, ...rest).finally(() => note(principal))) as Call;
  }

  return {
    ...broker,
    connect: after(broker.connect),
    searchTools: after(broker.searchTools),
    callTool: after(broker.callTool),
    readResource: after(broker.readResource),
  };
}
