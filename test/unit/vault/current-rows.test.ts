/** Which rows count as read, and until when: T11, R05 and every rule about members rest on it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CurrentRows, createCurrentRows } from '../../../src/vault/current-rows.js';
import { loadSqliteDriver } from '../../../src/vault/sqlite-driver.js';
import { openSqliteStore } from '../../../src/vault/store-sqlite.js';
import { makeVaultFolder, type VaultFolder } from '../../support/vault-folder.js';

const ROW = { key: 'k', version: 1, value: new Uint8Array([1]) };

/** Of a file that has just been looked at. */
function lookedAt(): CurrentRows {
  const rows = createCurrentRows();
  rows.looked(1);
  return rows;
}

test('a row, and that there is none, is known in the turn in which the file was looked at', () => {
  const rows = lookedAt();
  rows.keep('k', { row: ROW, expiresAt: null });
  rows.keep('none', null);
  expect(rows.get('k', 0)).toBe(ROW);
  expect(rows.get('none', 0)).toBeNull();
  expect(rows.get('unread', 0)).toBeUndefined();
});

test('the next turn begins with a look at the file, which is enough where nobody has written', async () => {
  const rows = lookedAt();
  rows.keep('k', { row: ROW, expiresAt: null });
  await nextTurn();
  expect(rows.get('k', 0)).toBeUndefined();
  rows.looked(1);
  expect(rows.get('k', 0)).toBe(ROW);
  await nextTurn();
  rows.looked(2);
  expect(rows.get('k', 0)).toBeUndefined();
});

test('a row that has run out is none', () => {
  const rows = lookedAt();
  rows.keep('k', { row: ROW, expiresAt: 10 });
  expect(rows.get('k', 9)).toBe(ROW);
  expect(rows.get('k', 10)).toBeNull();
});

test('a transaction of this process ends the turn for all its connections, and forgets the rows of its own', () => {
  const rows = lookedAt();
  const other = lookedAt();
  other.keep('k', { row: ROW, expiresAt: null });
  rows.keep('k', { row: ROW, expiresAt: null });
  rows.forget();
  expect(other.get('k', 0)).toBeUndefined();
  other.looked(1);
  expect(other.get('k', 0)).toBe(ROW);
  rows.looked(1);
  expect(rows.get('k', 0)).toBeUndefined();
});

test('the rows that are kept are bounded', () => {
  const rows = lookedAt();
  for (let count = 0; count < 10_000; count += 1) rows.keep(`k${count}`, null);
  const known = Array.from({ length: 10_000 }, (_, count) => rows.get(`k${count}`, 0)).filter((row) => row === null);
  expect(known.length).toBeLessThanOrEqual(500);
  expect(rows.get('k9999', 0)).toBeNull();
});

let folder: VaultFolder;
beforeEach(async () => {
  folder = await makeVaultFolder();
});
afterEach(() => folder.remove());

test('what another connection writes is read by the next turn, however often the row was read before', async () => {
  const store = await openSqliteStore({ path: folder.file });
  const storedValue = async () => [...((await store.read('k'))?.value ?? [])];
  const write = (value: number, expected: number) =>
    store.compareAndSwap({ key: 'k', partition: 'p', value: new Uint8Array([value]) }, expected);
  const other = (await loadSqliteDriver())(folder.file);
  try {
    expect(await store.read('k')).toBeUndefined();
    expect(await write(1, 0)).toBe(1);
    for (let value = 2; value < 20; value += 1) {
      expect(await storedValue()).toEqual([value - 1]);
      await nextTurn();
      other.exec(`UPDATE rows SET value = CAST(x'${value.toString(16).padStart(2, '0')}' AS BLOB) WHERE key = 'k'`);
    }
    expect(await storedValue()).toEqual([19]);
    expect(await write(20, 1)).toBe(2);
    expect(await storedValue()).toEqual([20]);
  } finally {
    other.close();
    await store.close();
  }
});
