/** The SQLite store fulfils the store contract, with each driver that this Node has. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSqliteDriver, type SqliteDriverName } from '../../src/vault/sqlite-driver.js';
import { openSqliteStore } from '../../src/vault/store-sqlite.js';
import { type StoreUnderTest, storeContract } from './store.js';

const drivers: readonly SqliteDriverName[] = ['node:sqlite', 'libsql'];
const found = await Promise.all(
  drivers.map((driver) =>
    loadSqliteDriver(driver).then(
      () => [driver],
      () => [],
    ),
  ),
);
const available = found.flat();

async function makeStore(driver: SqliteDriverName): Promise<StoreUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'store-'));
  return {
    connect: () => openSqliteStore({ path: join(folder, 'store.sqlite'), driver }),
    remove: () => rm(folder, { recursive: true }),
  };
}

describe('SQLite drivers', () => {
  it('there is at least one, and it is node:sqlite wherever Node has that without a flag', async () => {
    const hasNodeSqlite = process.getBuiltinModule('node:sqlite' as string) !== undefined;
    expect(available.length).toBeGreaterThan(0);
    expect(available.includes('node:sqlite')).toBe(hasNodeSqlite);
  });
});

for (const driver of available) storeContract(`SQLite by ${driver}`, () => makeStore(driver));
