/**
 * What each driver does by itself for the same rows: no encryption, no versions that are compared, no second try.
 * It works on the vault's own tables and keys, so that both search among as much.
 */
import { randomBytes } from 'node:crypto';
import { createClient } from '@redis/client';
import pg from 'pg';
import type { StoreLocation } from '../src/vault/index.js';
import { loadSqliteDriver } from '../src/vault/sqlite-driver.js';

export interface BareStore {
  open(): Promise<BareConnection>;
  /** Adds rows under names that the vault never asks for; returns the last. */
  fill(rows: number, like: { readonly size: number; readonly perPartition: number }): Promise<FilledRow>;
}

export interface FilledRow {
  readonly key: string;
  readonly partition: string;
  /** Bytes of its value. */
  readonly size: number;
}

export interface BareConnection {
  read(key: string): Promise<unknown>;
  write(key: string, value: Buffer): Promise<unknown>;
  list(partition: string): Promise<readonly unknown[]>;
  close(): Promise<unknown>;
}

/** The settings of the vault: what they cost is not the vault's to save. */
const DURABILITY = 'PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;';
const ROWS_PER_BATCH = 200;

export async function bareStore(location: StoreLocation): Promise<BareStore> {
  switch (location.kind) {
    case 'sqlite':
      return bareSqlite(location.path);
    case 'redis':
      return bareRedis(location.url.reveal(), location.prefix);
    case 'postgres':
      return barePostgres(location.url.reveal(), location.schema);
  }
}

async function bareSqlite(path: string): Promise<BareStore> {
  const driver = await loadSqliteDriver();
  return {
    open: async () => {
      const file = driver(path);
      file.exec(DURABILITY);
      file.prepare('PRAGMA user_version').get();
      return {
        read: async (key) => file.prepare('SELECT version, value FROM rows WHERE key = ?').get(key),
        write: async (key, value) => {
          file.exec('BEGIN IMMEDIATE');
          file.prepare('UPDATE rows SET value = ? WHERE key = ?').run(value, key);
          file.exec('COMMIT');
        },
        list: async (partition) =>
          file.prepare('SELECT key, version, value FROM rows WHERE partition = ? ORDER BY key').all(partition),
        close: async () => file.close(),
      };
    },
    fill: async (rows, like) => {
      const filled = filledRows(rows, like);
      const file = driver(path);
      const insert = file.prepare('INSERT INTO rows (key, partition, version, value) VALUES (?, ?, 1, ?)');
      file.exec('BEGIN');
      for (const { key, partition } of filled) insert.run(key, partition, randomBytes(like.size));
      file.exec('COMMIT');
      file.close();
      return lastOf(filled);
    },
  };
}

function bareRedis(url: string, prefix: string): BareStore {
  const name = (kind: string, rest = '') => `{${prefix}}:${kind}${rest}`;
  const connect = async () => {
    const client = createClient({ url, RESP: 2 });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  return {
    open: async () => {
      const client = await connect();
      const read = (key: string) => client.hmGet(name('row:', key), ['v', 'b']);
      return {
        read,
        write: (key, value) => client.hSet(name('row:', key), 'b', value),
        list: async (partition) => Promise.all((await client.zRange(name('part:', partition), 0, -1)).map(read)),
        close: async () => client.destroy(),
      };
    },
    fill: async (rows, like) => {
      const client = await connect();
      const filled = filledRows(rows, like);
      for (let done = 0; done < rows; done += ROWS_PER_BATCH) {
        const batch = filled
          .slice(done, done + ROWS_PER_BATCH)
          .flatMap(({ key, partition }) => [
            client.hSet(name('row:', key), { v: '1', p: partition, x: '', b: randomBytes(like.size), w: '' }),
            client.zAdd(name('part:', partition), { score: 0, value: key }),
            client.zAdd(name('rows'), { score: 0, value: key }),
          ]);
        await Promise.all(batch);
      }
      client.destroy();
      return lastOf(filled);
    },
  };
}

function barePostgres(connectionString: string, schema: string): BareStore {
  const connect = async () => {
    const client = new pg.Client({ connectionString });
    await client.connect();
    return client;
  };
  return {
    open: async () => {
      const client = await connect();
      return {
        read: (key) => client.query(`SELECT version, value FROM ${schema}.rows WHERE key = $1`, [key]),
        write: (key, value) => client.query(`UPDATE ${schema}.rows SET value = $2 WHERE key = $1`, [key, value]),
        list: async (partition) =>
          (
            await client.query(`SELECT key, version, value FROM ${schema}.rows WHERE partition = $1 ORDER BY key`, [
              partition,
            ])
          ).rows,
        close: () => client.end(),
      };
    },
    fill: async (rows, like) => {
      const client = await connect();
      const filled = filledRows(rows, like);
      for (let done = 0; done < rows; done += ROWS_PER_BATCH) {
        const batch = filled.slice(done, done + ROWS_PER_BATCH);
        await client.query(
          `INSERT INTO ${schema}.rows (key, partition, version, value)
           SELECT key, partition, 1, value FROM unnest($1::text[], $2::text[], $3::bytea[]) AS t (key, partition, value)`,
          [
            batch.map(({ key }) => key),
            batch.map(({ partition }) => partition),
            batch.map(() => randomBytes(like.size)),
          ],
        );
      }
      await client.query(`ANALYZE ${schema}.rows`);
      await client.end();
      return lastOf(filled);
    },
  };
}

type Like = Parameters<BareStore['fill']>[1];

function filledRows(rows: number, { size, perPartition }: Like): readonly FilledRow[] {
  const partitions = Array.from({ length: Math.ceil(rows / perPartition) }, hashLike);
  return Array.from({ length: rows }, (_, row) => {
    const partition = partitions[Math.floor(row / perPartition)] ?? '';
    return { key: hashLike(), partition, size };
  });
}

/** A name like those of the vault. */
function hashLike(): string {
  return randomBytes(32).toString('base64url');
}

function lastOf(rows: readonly FilledRow[]): FilledRow {
  const last = rows.at(-1);
  if (last === undefined) throw new RangeError('There are no rows.');
  return last;
}
