/** Rows that stay the same are decrypted once; nothing that changed is ever taken for what it was. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Vault } from '../../../src/vault/index.js';
import { createOpenedRows } from '../../../src/vault/opened-rows.js';
import { makeVaultFolder, type VaultFolder } from '../../support/vault-folder.js';
import { GRANT_ID, grantOf } from '../../support/vault-records.js';

const rowOf = (version: number, ...bytes: number[]) => ({ key: 'k', version, value: Uint8Array.from(bytes) });

describe('a row that was opened', () => {
  test('is not opened again while it is the same', () => {
    const rows = createOpenedRows<object>();
    const open = vi.fn(() => ({}));
    const first = rows.get(rowOf(1, 1, 2), open);
    expect(rows.get(rowOf(1, 1, 2), open)).toBe(first);
    expect(open).toHaveBeenCalledTimes(1);
  });

  test.each([
    ['its bytes', rowOf(1, 1, 3)],
    ['its length', rowOf(1, 1)],
    ['its version alone', rowOf(2, 1, 2)],
  ])('is opened again when %s changed', (_what, changed) => {
    const rows = createOpenedRows<{ of: string }>();
    rows.get(rowOf(1, 1, 2), () => ({ of: 'before' }));
    expect(rows.get(changed, () => ({ of: 'now' }))).toEqual({ of: 'now' });
  });

  test('cannot be changed by those who share it', () => {
    const content = createOpenedRows<{ deep: string[] }>().get(rowOf(1, 1), () => ({ deep: [] }));
    expect(() => content.deep.push('x')).toThrow(TypeError);
  });
});

describe('a record that was read before', () => {
  let folder: VaultFolder;
  let vault: Vault;

  beforeEach(async () => {
    folder = await makeVaultFolder();
    vault = await folder.open();
    await vault.grants.compareAndSwap(GRANT_ID, grantOf('first'), 0);
    await vault.grants.get(GRANT_ID);
  });
  afterEach(() => folder.remove());

  test('is read anew when another process has written it', async () => {
    const other = await folder.open();
    await other.grants.update(GRANT_ID, () => grantOf('second'));
    expect((await vault.grants.get(GRANT_ID))?.value.accessToken).toBe('second');
  });

  test('is gone when another process has deleted it', async () => {
    const other = await folder.open();
    await other.grants.delete(GRANT_ID);
    expect(await vault.grants.get(GRANT_ID)).toBeUndefined();
  });

  test('is refused when its bytes were altered since', async () => {
    const file = await folder.openFile();
    file.exec("UPDATE rows SET value = CAST(value || x'00' AS BLOB) WHERE key != 'vault-header'");
    await expect(vault.grants.get(GRANT_ID)).rejects.toMatchObject({ code: 'vault_unreadable' });
  });
});
