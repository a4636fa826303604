/** A statement that failed because another process had the file must not answer for its next question with its last one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSqliteDriver, type SqliteDriverName } from '../../../src/vault/sqlite-driver.js';
import type { Store } from '../../../src/vault/store.js';
import { openSqliteStore } from '../../../src/vault/store-sqlite.js';

const names: readonly SqliteDriverName[] = ['node:sqlite', 'libsql'];
const loaded = await Promise.all(names.map((name) => loadSqliteDriver(name).catch(() => undefined)));
const available = names.filter((_, index) => loaded[index] !== undefined);

describe.each(available)('after a moment in which the file was taken (%s)', (driver) => {
  let folder: string;
  let store: Store;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'busy-'));
    store = await openSqliteStore({ path: join(folder, 'store.sqlite'), driver, busyTimeoutMs: 100 });
    for (const key of ['first', 'second'])
      await store.compareAndSwap({ key, partition: `of ${key}`, value: Buffer.from(key) }, 0);
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  /** What `ask` comes to while another connection has the whole file. */
  async function whileTaken(ask: () => Promise<unknown>): Promise<unknown> {
    const open = await loadSqliteDriver(driver);
    const other = open(join(folder, 'store.sqlite'));
    other.exec('BEGIN EXCLUSIVE');
    try {
      return await ask().catch((error: unknown) => error);
    } finally {
      other.exec('ROLLBACK');
      other.close();
    }
  }

  it('R20 a read gives the row that is asked for now', async () => {
    expect(await whileTaken(() => store.read('first'))).toMatchObject({ code: 'vault_busy' });

    expect(await store.read('second')).toMatchObject({ key: 'second', version: 1 });
    expect(await store.read('none')).toBeUndefined();
  });

  it('R20 a list gives the rows of the partition that is asked for now', async () => {
    expect(await whileTaken(() => store.list('of first'))).toMatchObject({ code: 'vault_busy' });

    expect((await store.list('of second')).map(({ key }) => key)).toEqual(['second']);
    expect(await store.list('of none')).toEqual([]);
  });

  it('R20 a write writes the row that is written now', async () => {
    const write = (key: string, text: string) =>
      store.compareAndSwap({ key, partition: `of ${key}`, value: Buffer.from(text) }, 1);
    expect(await whileTaken(() => write('first', 'lost'))).toMatchObject({ code: 'vault_busy' });

    expect(await write('second', 'changed')).toBe(2);
    const rows = await Promise.all(['first', 'second'].map((key) => store.read(key)));
    expect(rows.map((row) => Buffer.from(row?.value ?? []).toString())).toEqual(['first', 'changed']);
  });
});
