/**
 * What a test puts on stage (authorization servers, MCP servers, agents, homes), and taking all of it down again.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Agent, startAgent } from './agent.js';
import {
  type AuthorizationServerFixture,
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from './authorization-server.js';
import type { BrokerOptions } from './broker-process.js';
import { type ProtectedServerFixture, type ProtectedServerOptions, startProtectedServer } from './protected-server.js';
import { type TemporaryHome, temporaryHome } from './temporary-home.js';

export interface Stage {
  authorizationServer(options?: AuthorizationServerOptions): Promise<AuthorizationServerFixture>;
  server(options?: ProtectedServerOptions): Promise<ProtectedServerFixture>;
  agent(options?: BrokerOptions): Promise<Agent>;
  /** A home, with this `servers.json` where one is given. */
  home(serversFile?: Readonly<Record<string, unknown>>): Promise<TemporaryHome>;
  /** Anything else that has to be closed at the end. */
  keep<T extends { close(): Promise<unknown> }>(opened: T): T;
  /** Closes everything, last opened first. */
  close(): Promise<void>;
}

export function createStage(): Stage {
  const closers: (() => Promise<unknown>)[] = [];
  const keep = <T extends { close(): Promise<unknown> }>(opened: T): T => {
    closers.push(() => opened.close());
    return opened;
  };
  return {
    keep,
    authorizationServer: async (options) => keep(await startAuthorizationServer(options)),
    server: async (options) => keep(await startProtectedServer(options)),
    agent: async (options) => keep(await startAgent(options)),
    home: async (serversFile) => {
      const home = await temporaryHome();
      closers.push(home.remove);
      if (serversFile !== undefined) await writeServersFile(home, serversFile);
      return home;
    },
    close: async () => {
      for (const close of closers.splice(0).reverse()) await close();
    },
  };
}

/** Replaces the user's `servers.json`. */
export async function writeServersFile(home: TemporaryHome, content: Readonly<Record<string, unknown>>): Promise<void> {
  await writeFile(join(home.path, 'servers.json'), JSON.stringify(content));
}
