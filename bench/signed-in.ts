/**
 * The contenders, each signed in to the same server in its own way before anything is measured:
 * the product and mcp-remote with the tokens that they stored, a plain SDK client with a fixed one.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { brokerEnvironment, startBroker } from '../test/support/broker-process.js';
import { visit } from '../test/support/browser.js';
import { type TemporaryHome, temporaryHome } from '../test/support/temporary-home.js';
import type { Backstage } from './backstage.js';
import { brokerCopy } from './broker-copy.js';
import { type Command, startStdioHost } from './stdio-host.js';

/** What the server is called in the broker. */
export const SERVER_NAME = 'upstream';
const SIGN_IN_TIMEOUT_MS = 20_000;
const SIGN_IN_POLL_MS = 50;

export interface SignedIn {
  readonly broker: Command;
  readonly mcpRemote?: Command | undefined;
  /** A program that makes one call and leaves. */
  readonly direct: Command;
  /** Of the broker: `servers.json`, vault and key. */
  readonly home: TemporaryHome;
  remove(): Promise<void>;
}

export async function signInAll(backstage: Backstage, mcpRemoteScript: string | undefined): Promise<SignedIn> {
  const home = await temporaryHome();
  const folder = await mkdtemp(join(tmpdir(), 'mcp-oauth-broker-bench-'));
  await signInBroker(home, backstage.url);
  return {
    home,
    broker: { args: [await brokerCopy()], env: brokerEnvironment(home), cwd: home.path },
    mcpRemote:
      mcpRemoteScript === undefined ? undefined : await signInMcpRemote(mcpRemoteScript, backstage.url, folder),
    direct: {
      args: [await bundleDirect(folder), backstage.url, backstage.accessToken],
      env: plainEnvironment(folder),
      cwd: folder,
    },
    remove: async () => {
      await home.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Signs in and leaves the grant in the vault of `home`. */
export async function signInBroker(home: TemporaryHome, url: string): Promise<void> {
  const broker = await startBroker({ home, clientName: 'bench' });
  try {
    const { authUrl } = await broker.connect({ serverName: SERVER_NAME, url });
    await visit(String(authUrl));
    const payload = await broker.connect({ serverName: SERVER_NAME, waitSeconds: 20 });
    if (payload.status !== 'success') throw new Error(`The broker could not sign in: ${JSON.stringify(payload)}`);
  } finally {
    await broker.close();
  }
}

/** It prints the URL that it would open; there is no browser on its PATH. */
async function signInMcpRemote(script: string, url: string, folder: string): Promise<Command | undefined> {
  const command = {
    args: [script, url],
    env: { ...plainEnvironment(folder), MCP_REMOTE_CONFIG_DIR: folder },
    cwd: folder,
  };
  const host = startStdioHost(command);
  try {
    const initialized = host.initialize();
    const authUrl = await printedUrl(host.stderr);
    if (authUrl === undefined) throw new Error('no URL');
    await visit(authUrl);
    await initialized;
    return command;
  } catch {
    console.log(`mcp-remote could not sign in: ${host.stderr().slice(-500)}`);
    return undefined;
  } finally {
    await host.kill();
  }
}

async function printedUrl(stderr: () => string): Promise<string | undefined> {
  const deadline = Date.now() + SIGN_IN_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const url = /http:\/\/\S+\/authorize\?\S+/u.exec(stderr())?.[0];
    if (url !== undefined) return url;
    await wait(SIGN_IN_POLL_MS);
  }
  return undefined;
}

async function bundleDirect(folder: string): Promise<string> {
  const script = join(folder, 'direct.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('./direct-process.ts', import.meta.url))],
    outfile: script,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
  });
  return script;
}

function plainEnvironment(folder: string): NodeJS.ProcessEnv {
  return { PATH: folder, HOME: folder };
}
