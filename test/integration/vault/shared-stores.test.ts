/** A vault on a database server: what happens when the way to it breaks, stalls or is gone, and who may open it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/core/clock.js';
import { silentLog } from '../../../src/core/log.js';
import { type KeyOptions, openVault, type StoreLocation, type Vault, vaultExists } from '../../../src/vault/index.js';
import { openStore } from '../../../src/vault/open-store.js';
import type { RowToWrite, Store } from '../../../src/vault/store.js';
import type { StoreTimeouts } from '../../../src/vault/store-link.js';
import { openPostgresStore } from '../../../src/vault/store-postgres.js';
import { openRedisStore } from '../../../src/vault/store-redis.js';
import { mintVaultKey } from '../../../src/vault/vault-key.js';
import { SHARED_SERVERS, type StoreCorner } from '../../support/shared-stores.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';
import { GRANT_ID, grantOf } from '../../support/vault-records.js';

const PATIENT: StoreTimeouts = { busyTimeoutMs: 60_000, attemptTimeoutMs: 20_000 };

for (const { server, skipped } of SHARED_SERVERS) {
  describe.skipIf(skipped !== undefined)(
    `a vault on ${server.name}${skipped === undefined ? '' : ` (${skipped})`}`,
    () => {
      let corner: StoreCorner;
      let proxied: StoreLocation;
      let proxy: TcpProxy;
      let home: string;
      const opened: { close(): Promise<void> }[] = [];

      beforeEach(async () => {
        corner = server.corner();
        proxy = await startTcpProxy(server.port);
        proxied = corner.at(proxy.port);
        home = await mkdtemp(join(tmpdir(), 'home-'));
      });
      afterEach(async () => {
        for (const closable of opened.splice(0)) await closable.close();
        await proxy.close();
        await corner.remove();
        await rm(home, { recursive: true });
      });

      async function direct(): Promise<Store> {
        return kept(await openStore(corner.location, systemClock));
      }

      async function throughProxy(timeouts = PATIENT): Promise<Store> {
        if (proxied.kind === 'sqlite') throw new TypeError('No server.');
        return kept(
          await (proxied.kind === 'redis' ? openRedisStore(proxied, timeouts) : openPostgresStore(proxied, timeouts)),
        );
      }

      async function vaultWith(key: KeyOptions): Promise<Vault> {
        const options = { store: corner.location, key, homeDirectory: home, clock: systemClock, log: silentLog };
        return kept(await openVault(options));
      }

      function kept<T extends { close(): Promise<void> }>(closable: T): T {
        opened.push(closable);
        return closable;
      }

      it('goes on after its connection was cut, and loses nothing', async () => {
        const store = await throughProxy();
        expect(await store.compareAndSwap(row('k'), 0)).toBe(1);
        proxy.cut();
        expect(await store.compareAndSwap(row('k'), 1)).toBe(2);
        expect(await (await direct()).read('k')).toMatchObject({ version: 2 });
      });

      it('knows its own write and its own lease again where only the answer was lost', async () => {
        const store = await throughProxy();
        // The connection and what it prepares are there before.
        await store.read('k');
        await store.compareAndSwap(row('other'), 0);
        proxy.loseNextAnswer();
        expect(await store.compareAndSwap(row('k'), 0)).toBe(1);
        await store.acquireLease('first', 'holder', 60_000);
        proxy.loseNextAnswer();
        expect(await store.acquireLease('l', 'holder', 60_000)).toMatchObject({ outcome: 'acquired' });
        expect(await (await direct()).read('k')).toMatchObject({ version: 1 });
      });

      it('gives a connection up that stalls, and the writer that was stalled is refused afterwards', async () => {
        const store = await throughProxy({ busyTimeoutMs: 60_000, attemptTimeoutMs: 300 });
        const other = await direct();
        await store.compareAndSwap(row('k'), 0);
        const lease = await store.acquireLease('l', 'holder', 1);
        proxy.stall();
        const next = await vi.waitFor(async () => {
          const taken = await other.acquireLease('l', 'another', 60_000);
          expect(taken.outcome).toBe('acquired');
          return taken.outcome === 'acquired' ? taken.fence : 0;
        });
        expect(await other.compareAndSwap(row('k'), 1, { lease: { name: 'l', fence: next } })).toBe(2);
        const stale = lease.outcome === 'acquired' ? lease.fence : 0;
        expect(await store.compareAndSwap(row('k'), 1)).toBeUndefined();
        expect(await store.compareAndSwap(row('k'), 2, { lease: { name: 'l', fence: stale } })).toBeUndefined();
        expect(await other.read('k')).toMatchObject({ version: 2 });
      });

      it('is busy while the server is away, and usable again when that is back', async () => {
        await (await direct()).compareAndSwap(row('k'), 0);
        const impatient = { busyTimeoutMs: 500, attemptTimeoutMs: 5_000 };
        const store = await vi.waitFor(() => throughProxy(impatient), { timeout: 20_000 });
        proxy.refuse();
        await expect(store.read('k')).rejects.toMatchObject({ code: 'vault_busy', retryable: true });
        await expect(store.compareAndSwap(row('k'), 1)).rejects.toMatchObject({ code: 'vault_busy' });
        proxy.admit();
        await vi.waitFor(async () => expect(await store.read('k')).toMatchObject({ version: 1 }), { timeout: 20_000 });
      });

      it('R38 falls back to an older copy: who has seen a newer one is refused, and no fencing number is given twice', async () => {
        const store = await throughProxy();
        await store.compareAndSwap(row('k'), 0);
        const fallBack = await corner.remember();
        const lease = { name: 'l', fence: await acquired(store, 'l') };
        expect(await store.compareAndSwap(row('k'), 1, { lease })).toBe(2);
        expect(await store.compareAndSwap(row('k'), 2, { lease })).toBe(3);
        proxy.cut();
        await fallBack();

        expect(await store.compareAndSwap(row('k'), 3)).toBeUndefined();
        expect(await store.compareAndSwap(row('k'), 3, { lease })).toBeUndefined();
        expect(await store.compareAndSwap(row('k'), 1, { lease })).toBeUndefined();
        const next = { name: 'l', fence: await acquired(store, 'l') };
        expect(next.fence).toBeGreaterThan(lease.fence);
        expect(await store.compareAndSwap(row('k'), 1, { lease })).toBeUndefined();
        expect(await store.compareAndSwap(row('k'), 1, { lease: next })).toBe(2);
      });

      it('R25 with a newer schema is refused and not touched', async () => {
        const store = await direct();
        await store.compareAndSwap(row('k'), 0);
        const before = await store.page(undefined, 100);
        await corner.makeNewer();
        await expect(direct()).rejects.toMatchObject({
          code: 'vault_unreadable',
          message: expect.stringContaining('newer version'),
        });
        expect(await store.page(undefined, 100)).toEqual(before);
      });

      it('is not made without a key that other machines can be given, nor by looking', async () => {
        expect(await vaultExists(corner.location)).toBe(false);
        await expect(vaultWith({ keyring: 'never' })).rejects.toMatchObject({
          code: 'vault_unreadable',
          nextStep: expect.stringContaining('MCP_OAUTH_KEY_FILE'),
        });
        expect(await vaultExists(corner.location)).toBe(false);
      });

      it('is shared by machines with its key; one with another key is told so and writes nothing', async () => {
        const key: KeyOptions = { environmentKey: mintVaultKey().text, keyring: 'never' };
        await (await vaultWith(key)).grants.compareAndSwap(GRANT_ID, grantOf('shared'), 0);
        expect((await (await vaultWith(key)).grants.get(GRANT_ID))?.value.accessToken).toBe('shared');
        const store = await direct();
        const before = await store.page(undefined, 100);
        const foreign = vaultWith({ environmentKey: mintVaultKey().text, keyring: 'never' });
        await expect(foreign).rejects.toMatchObject({ code: 'vault_key_wrong' });
        expect(await store.page(undefined, 100)).toEqual(before);
      });
    },
  );
}

async function acquired(store: Store, name: string): Promise<number> {
  const lease = await store.acquireLease(name, 'holder', 60_000);
  if (lease.outcome !== 'acquired') throw new Error(`The lease is held for another ${lease.untilMs} ms.`);
  return lease.fence;
}

function row(key: string, rest: Partial<RowToWrite> = {}): RowToWrite {
  return { key, partition: 'p', value: Buffer.from('value'), ...rest };
}
