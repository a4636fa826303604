/** The usual beginning of a story: an authorization server, an MCP server behind it, and a home that is signed in there. */
import type { Agent } from './agent.js';
import type { AuthorizationServerFixture, AuthorizationServerOptions } from './authorization-server.js';
import type { BrokerOptions } from './broker-process.js';
import { visit } from './browser.js';
import type { ProtectedServerFixture, ProtectedServerOptions } from './protected-server.js';
import type { Stage } from './stage.js';
import { openStoredGrants, type StoredGrants } from './stored-grants.js';
import type { TemporaryHome } from './temporary-home.js';

export interface SignedIn {
  readonly authorizationServer: AuthorizationServerFixture;
  readonly server: ProtectedServerFixture;
  readonly home: TemporaryHome;
  /** The process that signed in. */
  readonly agent: Agent;
  readonly grants: StoredGrants;
}

export interface SignedInOptions {
  readonly authorizationServer?: AuthorizationServerOptions;
  readonly server?: ProtectedServerOptions;
  readonly broker?: BrokerOptions;
  /** Arguments of the first call, beside name and URL. */
  readonly connect?: Readonly<Record<string, unknown>>;
  /** `servers.json`, made from the URL of the server. */
  readonly serversFile?: (url: string) => Readonly<Record<string, unknown>>;
}

/** Signs in at a server called `serverName`. */
export async function signIn(stage: Stage, serverName: string, options: SignedInOptions = {}): Promise<SignedIn> {
  const authorizationServer = await stage.authorizationServer(options.authorizationServer);
  const server = await stage.server({ authorizationServer, challengeScope: 'mcp:tools', ...options.server });
  const home = await stage.home(options.serversFile?.(server.url));
  const agent = await stage.agent({ home, ...options.broker });
  const url = options.serversFile === undefined ? { url: server.url } : {};
  const asked = await agent.connect(serverName, { ...url, ...options.connect });
  if (typeof asked.authUrl !== 'string') throw new Error(`There is nothing to visit: ${JSON.stringify(asked)}`);
  await visit(asked.authUrl);
  const connected = await agent.connect(serverName);
  if (connected.status !== 'success') throw new Error(`Not signed in: ${JSON.stringify(connected)}`);
  return { authorizationServer, server, home, agent, grants: stage.keep(await openStoredGrants(home)) };
}
