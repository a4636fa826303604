/** A server whose file asks for a grant without a user, and brokers of that home in this process. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectArguments } from '../../src/broker/index.js';
import type { AuthorizationServerFixture, AuthorizationServerOptions } from './authorization-server.js';
import type { Payload } from './broker-process.js';
import { type ComposedBroker, composedBroker } from './composed-broker.js';
import { checkPayload } from './payload-shapes.js';
import type { ProtectedServerFixture, ProtectedServerOptions } from './protected-server.js';
import { type Stage, writeServersFile } from './stage.js';
import { openStoredGrants, type StoredGrants } from './stored-grants.js';
import type { TemporaryHome } from './temporary-home.js';

export const NAME = 'robots';
export const CLIENT_ID = 'robot-client';
export const CLIENT_SECRET = 'a-secret-of-the-robot';

/** What the broker says of a connected server whose token was got without a user. */
export interface Unattended {
  readonly authorizationServer: AuthorizationServerFixture;
  readonly server: ProtectedServerFixture;
  readonly home: TemporaryHome;
  readonly composed: ComposedBroker;
  readonly grants: StoredGrants;
  connect(args?: Partial<ConnectArguments>, broker?: ComposedBroker): Promise<Payload>;
  call(toolName: string, args?: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** Another process of the same home, as far as the vault can tell. */
  anotherBroker(): Promise<ComposedBroker>;
  /** Replaces the `oauth` of the entry. */
  rewrite(oauth: Settings): Promise<void>;
  /** A file of the home; returns its path. */
  file(name: string, content: string): Promise<string>;
  tokenRequests(): readonly Readonly<Record<string, unknown>>[];
}

export type Settings = Readonly<Record<string, unknown>>;

/** What a tool call came to: the server's result, or a payload of ours. */
export interface Answer {
  readonly kind: 'upstream' | 'outcome';
  readonly result?: Readonly<Record<string, unknown>>;
  readonly outcome?: Payload;
}

export interface UnattendedOptions {
  readonly authorizationServer?: AuthorizationServerOptions;
  readonly server?: ProtectedServerOptions;
  /** `oauth` of the entry, made when the authorization server is there. */
  readonly oauth?: (authorizationServer: AuthorizationServerFixture) => Settings;
  /** Of the entry, beside `url` and `oauth`. */
  readonly entry?: Settings;
}

/** Client credentials with a secret, unless the options say otherwise. */
export async function unattended(stage: Stage, options: UnattendedOptions = {}): Promise<Unattended> {
  const authorizationServer = await stage.authorizationServer({
    registration: 'none',
    clients: [{ clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, grantTypes: ['client_credentials'] }],
    ...options.authorizationServer,
  });
  const server = await stage.server({ authorizationServer, challengeScope: 'mcp:tools', ...options.server });
  const home = await stage.home();
  const oauth = options.oauth?.(authorizationServer) ?? WITH_SECRET;
  const rewrite = (settings: Settings) =>
    writeServersFile(home, { mcpServers: { [NAME]: { url: server.url, ...options.entry, oauth: settings } } });
  await rewrite(oauth);
  const composed = stage.keep(await composedBroker({ home }));
  return {
    authorizationServer,
    server,
    home,
    composed,
    grants: stage.keep(await openStoredGrants(home)),
    rewrite,
    connect: async (args = {}, broker = composed) => {
      const payload = (await broker.broker.connect(broker.principal, {
        serverName: NAME,
        ...args,
      })) as unknown as Payload;
      checkPayload(payload);
      return payload;
    },
    call: async (toolName, args = {}) =>
      (await composed.broker.callTool(composed.principal, { serverName: NAME, toolName, arguments: args })) as Answer,
    anotherBroker: async () => stage.keep(await composedBroker({ home })),
    file: async (name, content) => {
      const path = join(home.path, name);
      await writeFile(path, content);
      return path;
    },
    tokenRequests: () => authorizationServer.requests('token').map(({ parameters }) => parameters),
  };
}

export const WITH_SECRET: Settings = {
  grantType: 'client_credentials',
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
};
