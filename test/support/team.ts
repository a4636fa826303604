/**
 * People on one vault, each at a machine of their own: with a file of servers, a broker that their host runs, and the
 * command line. Whoever signs in does it with an account at the provider that has their name.
 */
import { mintVaultKey } from '../../src/vault/vault-key.js';
import type { Agent } from './agent.js';
import type { Payload } from './broker-process.js';
import { visit } from './browser.js';
import { type CommandRun, runCommand } from './command-line.js';
import { type Stage, writeServersFile } from './stage.js';
import type { TemporaryHome } from './temporary-home.js';

/** Of a story with several people: each has processes of their own, and a busy machine starts them slowly. */
export const STORY_TIMEOUT_MS = 240_000;

export interface MemberOptions {
  /** Default `acme`. */
  readonly team?: string;
  /** Default what the host calls itself. */
  readonly agent?: string;
  /** Default empty. */
  readonly serversFile?: Readonly<Record<string, unknown>>;
  /** A machine that they have been at before. Default a new one. */
  readonly home?: TemporaryHome;
  /** More of the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Member {
  readonly home: TemporaryHome;
  readonly agent: Agent;
  /** A command on their machine. */
  run(args: readonly string[], stdin?: string): Promise<CommandRun>;
  /** What `list_mcp_servers` says of a server. */
  status(serverName: string): Promise<Readonly<Record<string, unknown>>>;
  /** The state of its first account. */
  state(serverName: string): Promise<unknown>;
  /** Visits what `connect_to_mcp_server` asks for, as `account` at the provider; rejects unless that connects. */
  signIn(serverName: string, account?: string): Promise<Payload>;
  /** Whose data the server serves; rejects where it serves none. */
  whoAmI(serverName: string): Promise<unknown>;
}

export interface Team {
  /** They log in: their host starts a broker. */
  member(user: string, options?: MemberOptions): Promise<Member>;
}

/** @param store as of `MCP_OAUTH_STORE`; default a file */
export async function openTeam(stage: Stage, store?: string): Promise<Team> {
  const shared = {
    MCP_OAUTH_STORE: store ?? `sqlite:${(await stage.home()).path}/vault.sqlite`,
    MCP_OAUTH_KEY: mintVaultKey().text.reveal(),
  };
  return { member: (user, options = {}) => member(stage, shared, user, options) };
}

async function member(
  stage: Stage,
  shared: Readonly<Record<string, string>>,
  user: string,
  { team = 'acme', agent: agentName, serversFile, home: given, env: more }: MemberOptions,
): Promise<Member> {
  const home = given ?? (await stage.home());
  if (serversFile !== undefined) await writeServersFile(home, serversFile);
  const named = agentName === undefined ? {} : { MCP_OAUTH_AGENT: agentName };
  const env = { ...shared, MCP_OAUTH_USER: user, MCP_OAUTH_TEAM: team, ...named, ...more };
  const agent = await stage.agent({ home, env });

  const status: Member['status'] = async (serverName) => {
    const { servers } = (await agent.call('list_mcp_servers', { serverName })).payload as {
      readonly servers?: readonly Readonly<Record<string, unknown>>[];
    };
    return servers?.[0] ?? {};
  };
  return {
    home,
    agent,
    run: (args, stdin = '') => runCommand(home, args, { env, stdin }),
    status,
    state: async (serverName) => {
      const { accounts } = (await status(serverName)) as { readonly accounts?: readonly { readonly state: string }[] };
      return accounts?.[0]?.state;
    },
    signIn: async (serverName, account = user) => {
      const asked = await agent.connect(serverName);
      if (typeof asked.authUrl !== 'string') throw new Error(`There is nothing to visit: ${JSON.stringify(asked)}`);
      await visit(asked.authUrl, { user: account });
      const connected = await agent.connect(serverName);
      if (connected.status !== 'success') throw new Error(`Not signed in: ${JSON.stringify(connected)}`);
      return connected;
    },
    whoAmI: async (serverName) => {
      const { payload, isOurs } = await agent.callTool(serverName, 'whoami');
      if (isOurs) throw new Error(`Nothing is served: ${JSON.stringify(payload)}`);
      return payload['subject'];
    },
  };
}
