/**
 * The database servers that tests may use, where they answer on loopback: each test gets a corner of its own, drawn at
 * random, and leaves nothing behind. With `CI=true` a server that does not answer fails the tests instead of skipping them.
 */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { createClient } from '@redis/client';
import pg from 'pg';
import { parseStoreLocation, type StoreLocation } from '../../src/vault/index.js';

export interface StoreCorner {
  /** As of `MCP_OAUTH_STORE`. */
  readonly address: string;
  readonly location: StoreLocation;
  /** The same corner, reached by a port of the test's own. */
  at(port: number): StoreLocation;
  /** The same, as of `MCP_OAUTH_STORE`. */
  addressAt(port: number): string;
  /** What is in the corner now; what is returned puts it back, as a server does that falls back to an older copy. */
  remember(): Promise<() => Promise<void>>;
  /** Leaves the schema as a later version of the product would. */
  makeNewer(): Promise<unknown>;
  remove(): Promise<void>;
}

export interface SharedServer {
  readonly name: 'Redis' | 'Postgres';
  readonly port: number;
  corner(): StoreCorner;
}

const REDIS: SharedServer = {
  name: 'Redis',
  port: 6379,
  corner() {
    const prefix = `test-${randomBytes(8).toString('hex')}`;
    return cornerOf(
      (port) => `redis://127.0.0.1:${port}/0?prefix=${prefix}`,
      6379,
      () =>
        onRedis(async (client) => {
          for (const one of [prefix, before(prefix)]) await removeKeys(client, one);
        }),
      () => rememberKeys(prefix),
      () => onRedis((client) => client.hSet(`{${prefix}}:meta`, 'schema', '2')),
    );
  },
};

const POSTGRES: SharedServer = {
  name: 'Postgres',
  port: 5432,
  corner() {
    const schema = `test_${randomBytes(8).toString('hex')}`;
    const remove = () =>
      onPostgres(`DROP SCHEMA IF EXISTS ${schema} CASCADE; DROP SCHEMA IF EXISTS ${schema}_then CASCADE`);
    return cornerOf(
      (port) => `postgres://postgres@127.0.0.1:${port}/test?schema=${schema}`,
      5432,
      remove,
      () => rememberTables(schema),
      () => onPostgres(`UPDATE ${schema}.meta SET version = 2`),
    );
  },
};

/** Both, each with why its tests are left out where it does not answer. */
export const SHARED_SERVERS: readonly { readonly server: SharedServer; readonly skipped: string | undefined }[] =
  await Promise.all(
    [REDIS, POSTGRES].map(async (server) => {
      const isThere = process.env['CI'] === 'true' || (await answers(server.port));
      return { server, skipped: isThere ? undefined : `no ${server.name} answers on 127.0.0.1:${server.port}` };
    }),
  );

function cornerOf(
  addressAt: (port: number) => string,
  port: number,
  remove: StoreCorner['remove'],
  remember: StoreCorner['remember'],
  makeNewer: StoreCorner['makeNewer'],
): StoreCorner {
  const at = (reachedBy: number) => parseStoreLocation(addressAt(reachedBy), '');
  return { address: addressAt(port), location: at(port), at, addressAt, remove, remember, makeNewer };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const done = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', () => done(true)).once('error', () => done(false));
  });
}

type Redis = ReturnType<typeof createClient>;

async function onRedis<T>(work: (client: Redis) => Promise<T>): Promise<T> {
  const client: Redis = createClient({ url: 'redis://127.0.0.1:6379/0' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}

async function keysOf(client: Redis, prefix: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const keys of client.scanIterator({ MATCH: `{${prefix}}:*`, COUNT: 1_000 })) found.push(...keys);
  return found;
}

async function removeKeys(client: Redis, prefix: string): Promise<void> {
  const keys = await keysOf(client, prefix);
  if (keys.length > 0) await client.unlink([...keys]);
}

/** Where an older copy of a corner lies. */
function before(prefix: string): string {
  return `${prefix}-then`;
}

/** A copy of each key beside it. */
async function rememberKeys(prefix: string): Promise<() => Promise<void>> {
  const then = before(prefix);
  const swapped = (key: string, from: string, to: string) => `{${to}}${key.slice(from.length + 2)}`;
  await onRedis(async (client) => {
    for (const key of await keysOf(client, prefix)) await client.copy(key, swapped(key, prefix, then));
  });
  return () =>
    onRedis(async (client) => {
      await removeKeys(client, prefix);
      for (const key of await keysOf(client, then)) await client.rename(key, swapped(key, then, prefix));
    });
}

const TABLES = ['rows', 'leases', 'meta'];

async function rememberTables(schema: string): Promise<() => Promise<void>> {
  const then = `${schema}_then`;
  const copies = TABLES.map((table) => `CREATE TABLE ${then}.${table} AS TABLE ${schema}.${table};`);
  await onPostgres(`CREATE SCHEMA ${then}; ${copies.join(' ')}`);
  const back = TABLES.map(
    (table) => `DELETE FROM ${schema}.${table}; INSERT INTO ${schema}.${table} TABLE ${then}.${table};`,
  );
  // One text is one transaction.
  return () => onPostgres(`${back.join(' ')} DROP SCHEMA ${then} CASCADE`);
}

async function onPostgres(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: 'postgres://postgres@127.0.0.1:5432/test' });
  await client.connect();
  await client.query(text);
  await client.end();
}
