/**
 * Database servers of a test's own, where their programs are installed: they can be killed, and started again on what they
 * had confirmed.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { createClient } from '@redis/client';
import pg from 'pg';
import { vi } from 'vitest';
import { freePort } from './loopback-port.js';

export interface PrivateServer {
  /** As of `MCP_OAUTH_STORE`. */
  readonly address: string;
  /** As if its machine had failed: nothing is written or said any more. */
  kill(): Promise<void>;
  /** Starts it again. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface PrivateServerKind {
  readonly name: 'Redis' | 'Postgres';
  /** Why there is none here. */
  readonly skipped: string | undefined;
  start(): Promise<PrivateServer>;
}

/** Who a server may run as: Postgres refuses to be started by root. */
interface Account {
  readonly uid: number;
  readonly gid: number;
}

interface Program {
  readonly command: string;
  readonly args: (port: number, folder: string) => readonly string[];
  /** With which signal it ends without a last word to its files. */
  readonly killedBy: NodeJS.Signals;
  readonly account?: Account | undefined;
  readonly prepare?: (folder: string) => Promise<unknown>;
  readonly address: (port: number) => string;
  readonly isReady: (port: number) => Promise<unknown>;
}

const START_TIMEOUT_MS = 60_000;

async function startProgram(program: Program): Promise<PrivateServer> {
  const folder = await mkdtemp(join(tmpdir(), 'private-store-'));
  if (program.account !== undefined) await chown(folder, program.account.uid, program.account.gid);
  await program.prepare?.(folder);
  const port = await freePort();
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    child = spawn(program.command, [...program.args(port, folder)], {
      stdio: 'ignore',
      cwd: folder,
      ...program.account,
    });
    await vi.waitFor(() => program.isReady(port), { timeout: START_TIMEOUT_MS, interval: 50 });
  }

  async function kill(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(program.killedBy);
    await ended;
  }

  await start();
  return {
    address: program.address(port),
    kill,
    start,
    close: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function redis(command: string): Program {
  return {
    command,
    args: (port, folder) => [
      ...['--bind', '127.0.0.1', '--port', String(port), '--dir', folder],
      ...['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''],
    ],
    killedBy: 'SIGKILL',
    address: (port) => `redis://127.0.0.1:${port}/0`,
    isReady: async (port) => {
      await answers(port);
      const client = createClient({ url: `redis://127.0.0.1:${port}/0`, socket: { reconnectStrategy: false } });
      client.on('error', () => undefined);
      await client.connect();
      await client.ping().finally(() => client.destroy());
    },
  };
}

function postgres(folderOfPrograms: string, account: Account | undefined): Program {
  return {
    command: join(folderOfPrograms, 'postgres'),
    args: (port, folder) => [
      ...['-D', join(folder, 'data'), '-k', '', '-h', '127.0.0.1', '-p', String(port)],
      ...['-c', 'shared_buffers=1MB', '-c', 'max_connections=20'],
    ],
    // "Immediate": as after a crash, it recovers from its log at the next start.
    killedBy: 'SIGQUIT',
    account,
    prepare: (folder) =>
      promisify(execFile)(
        join(folderOfPrograms, 'initdb'),
        ['-D', join(folder, 'data'), '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8'],
        { cwd: folder, ...account },
      ),
    address: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
    isReady: async (port) => {
      const client = new pg.Client({ connectionString: `postgres://postgres@127.0.0.1:${port}/postgres` });
      client.on('error', () => undefined);
      await client.connect();
      await client.query('SELECT 1').finally(() => client.end());
    },
  };
}

async function answers(port: number): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect').finally(() => socket.destroy());
}

async function findCommand(name: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const command = join(folder, name);
    const isThere = await access(command).then(
      () => true,
      () => false,
    );
    if (isThere) return command;
  }
  return undefined;
}

/** Debian keeps each version apart, and out of the path. */
async function findPostgres(): Promise<string | undefined> {
  const root = '/usr/lib/postgresql';
  const versions = await readdir(root).catch(() => []);
  const [newest] = versions.sort((a, b) => Number(b) - Number(a));
  return newest === undefined ? undefined : join(root, newest, 'bin');
}

async function accountForPostgres(): Promise<Account | undefined> {
  const idOf = async (flag: string) => Number((await promisify(execFile)('id', [flag, 'postgres'])).stdout);
  return process.getuid?.() === 0 ? { uid: await idOf('-u'), gid: await idOf('-g') } : undefined;
}

const [redisCommand, postgresFolder] = [await findCommand('redis-server'), await findPostgres()];

/** Both, each with why its tests are left out where its program is not installed. */
export const PRIVATE_SERVERS: readonly PrivateServerKind[] = [
  {
    name: 'Redis',
    skipped: redisCommand === undefined ? 'redis-server is not installed' : undefined,
    start: () => startProgram(redis(redisCommand ?? '')),
  },
  {
    name: 'Postgres',
    skipped: postgresFolder === undefined ? 'postgres is not installed' : undefined,
    start: async () => startProgram(postgres(postgresFolder ?? '', await accountForPostgres())),
  },
];
