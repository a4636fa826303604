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
      () => removeKeys(prefix),
    );
  },
};

const POSTGRES: SharedServer = {
  name: 'Postgres',
  port: 5432,
  corner() {
    const schema = `test_${randomBytes(8).toString('hex')}`;
    const remove = () => onPostgres(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    return cornerOf((port) => `postgres://postgres@127.0.0.1:${port}/test?schema=${schema}`, 5432, remove);
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

function cornerOf(addressAt: (port: number) => string, port: number, remove: () => Promise<void>): StoreCorner {
  const at = (reachedBy: number) => parseStoreLocation(addressAt(reachedBy), '');
  return { address: addressAt(port), location: at(port), at, remove };
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

async function removeKeys(prefix: string): Promise<void> {
  const client = createClient({ url: 'redis://127.0.0.1:6379/0' });
  client.on('error', () => undefined);
  await client.connect();
  for await (const keys of client.scanIterator({ MATCH: `{${prefix}}:*`, COUNT: 1_000 })) {
    if (keys.length > 0) await client.unlink(keys);
  }
  client.destroy();
}

async function onPostgres(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: 'postgres://postgres@127.0.0.1:5432/test' });
  await client.connect();
  await client.query(text);
  await client.end();
}
