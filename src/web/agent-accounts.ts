/** Of servers where each agent has an account of its own: those of all of the user's agents. */
import type { Broker } from '../broker/broker.js';
import type { AccountStatus, ServerStatus } from '../broker/server-status.js';
import type { Principal } from '../core/principal.js';

export interface AgentAccounts {
  readonly agent: string;
  readonly accounts: readonly AccountStatus[];
}

export interface ShownServer extends ServerStatus {
  /** Where each agent has its own accounts; `accounts` are then those of the page's own agent. */
  readonly agents?: readonly AgentAccounts[];
}

/** Asks nobody: what is stored of each agent. */
export async function withAgents(
  broker: Broker,
  principal: Principal,
  servers: readonly ServerStatus[],
): Promise<readonly ShownServer[]> {
  if (!servers.some(({ credentialMode }) => credentialMode === 'per_agent')) return servers;
  const ofAgents = await Promise.all(
    (await broker.agents(principal)).map(async (agent) => ({
      agent,
      accountsOf: await accountsByServer(broker, { ...principal, agent }),
    })),
  );
  return servers.map((server) =>
    server.credentialMode === 'per_agent'
      ? {
          ...server,
          agents: ofAgents.map(({ agent, accountsOf }) => ({
            agent,
            accounts: accountsOf.get(server.serverName) ?? [],
          })),
        }
      : server,
  );
}

async function accountsByServer(
  broker: Broker,
  principal: Principal,
): Promise<ReadonlyMap<string, readonly AccountStatus[]>> {
  const listed = await broker.listServers(principal);
  return new Map('servers' in listed ? listed.servers.map(({ serverName, accounts }) => [serverName, accounts]) : []);
}
