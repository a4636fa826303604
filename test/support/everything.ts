/** The reference server that uses everything there is in MCP of 2025-11-25, as a program of each transport. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const TRANSPORTS = ['streamable-http', 'sse', 'stdio'] as const;
export type EverythingTransport = (typeof TRANSPORTS)[number];

export interface Everything {
  /** Its entry in `servers.json`. */
  readonly entry: { readonly url: string } | { readonly command: string; readonly args: readonly string[] };
  close(): Promise<void>;
}

/** What `get-env` of it shows of its environment, over each transport. */
export const MARK = { name: 'EVERYTHING_COLOUR', value: 'blue' };

const PROGRAM = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'));
const OVER_HTTP = fileURLToPath(new URL('everything-child-server.mjs', import.meta.url));
const HTTP = {
  'streamable-http': { argument: 'streamableHttp', path: '/mcp' },
  sse: { argument: 'sse', path: '/sse' },
} as const;

/** Over stdio it is whoever connects that starts it. */
export async function startEverything(transport: EverythingTransport): Promise<Everything> {
  const env = { [MARK.name]: MARK.value };
  if (transport === 'stdio') {
    const entry = { command: process.execPath, args: [PROGRAM, 'stdio'], env };
    return { entry, close: async () => {} };
  }
  const { argument, path } = HTTP[transport];
  const child = fork(OVER_HTTP, [argument], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const [told] = (await Promise.race([once(child, 'message'), exited.then(left)])) as [{ readonly port: number }];
  return {
    entry: { url: `http://127.0.0.1:${told.port}${path}` },
    close: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function left([code]: readonly unknown[]): never {
  throw new Error(`server-everything left with ${String(code)}`);
}
