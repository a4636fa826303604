/**
 * What every store must do, whatever it is built on: run against each backend by its own test file.
 * Nothing here sets a clock, since a server keeps its own; what must expire is short and waited for.
 */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RowToWrite, Store } from '../../src/vault/store.js';

/** One empty store, to which any number of connections can be opened. */
export interface StoreUnderTest {
  connect(): Promise<Store>;
  remove(): Promise<void>;
}

const LONG_MS = 60_000;
const SHORT_MS = 60;

export function storeContract(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(`the store contract: ${name}`, () => {
    let underTest: StoreUnderTest;
    let store: Store;
    let other: Store;

    beforeEach(async () => {
      underTest = await makeStore();
      store = await underTest.connect();
      other = await underTest.connect();
    });

    afterEach(async () => {
      await store.close();
      await other.close();
      await underTest.remove();
    });

    describe('rows', () => {
      it('gives back every byte of what was written, to every connection', async () => {
        const value = Uint8Array.from({ length: 256 }, (_, index) => index);
        expect(await store.compareAndSwap(row('k', { value }), 0)).toBe(1);
        const found = await other.read('k');
        expect(found).toMatchObject({ key: 'k', version: 1 });
        expect(Buffer.from(found?.value ?? [])).toEqual(Buffer.from(value));
      });

      it('has no row that was never written', async () => {
        expect(await store.read('k')).toBeUndefined();
        expect(await store.list('p')).toEqual([]);
      });

      it('keeps an empty and a large value', async () => {
        await store.compareAndSwap(row('empty', { value: new Uint8Array() }), 0);
        await store.compareAndSwap(row('large', { value: new Uint8Array(300_000).fill(7) }), 0);
        expect((await other.read('empty'))?.value.length).toBe(0);
        expect((await other.read('large'))?.value.length).toBe(300_000);
      });

      it('takes keys and partitions literally, also those that look like patterns or SQL', async () => {
        for (const key of ['a_c', 'a%', "x' OR '1'='1", 'abc'])
          await store.compareAndSwap(row(key, { partition: key }), 0);
        expect((await store.list('a_c')).map(({ key }) => key)).toEqual(['a_c']);
        expect((await store.list('a%')).map(({ key }) => key)).toEqual(['a%']);
        expect(await store.delete('a%')).toBe(true);
        expect(await store.read('abc')).toBeDefined();
      });

      it('lists a partition in key order and nothing of another', async () => {
        for (const key of ['c', 'a', 'b']) await store.compareAndSwap(row(key), 0);
        await store.compareAndSwap(row('d', { partition: 'other' }), 0);
        expect((await other.list('p')).map(({ key }) => key)).toEqual(['a', 'b', 'c']);
      });

      it('lists a row in the partition of its last write', async () => {
        await store.compareAndSwap(row('k'), 0);
        await store.compareAndSwap(row('k', { partition: 'other' }), 1);
        expect(await store.list('p')).toEqual([]);
        expect((await store.list('other')).map(({ version }) => version)).toEqual([2]);
      });

      it('is empty until the first row', async () => {
        expect(await store.isEmpty()).toBe(true);
        await store.compareAndSwap(row('k'), 0);
        expect(await other.isEmpty()).toBe(false);
      });
    });

    describe('compare-and-swap', () => {
      it('counts the writes of a row', async () => {
        expect(await store.compareAndSwap(row('k'), 0)).toBe(1);
        expect(await other.compareAndSwap(row('k'), 1)).toBe(2);
        expect((await store.read('k'))?.version).toBe(2);
      });

      it('refuses a stale version, one from the future, and a second first write, changing nothing', async () => {
        await store.compareAndSwap(row('k', { value: bytes('kept') }), 0);
        await store.compareAndSwap(row('k', { value: bytes('kept') }), 1);
        for (const expected of [0, 1, 3]) {
          expect(await other.compareAndSwap(row('k', { value: bytes('late') }), expected)).toBeUndefined();
        }
        const found = await store.read('k');
        expect(found?.version).toBe(2);
        expect(Buffer.from(found?.value ?? []).toString()).toBe('kept');
      });

      it('does not make a row that is expected to be there', async () => {
        expect(await store.compareAndSwap(row('k'), 1)).toBeUndefined();
        expect(await store.read('k')).toBeUndefined();
      });

      it('lets exactly one of many writers through', async () => {
        const first = await Promise.all(
          each(20, (index) => (index % 2 === 0 ? store : other).compareAndSwap(row('k'), 0)),
        );
        expect(first.filter((version) => version !== undefined)).toEqual([1]);
        const second = await Promise.all(
          each(20, (index) => (index % 2 === 0 ? store : other).compareAndSwap(row('k'), 1)),
        );
        expect(second.filter((version) => version !== undefined)).toEqual([2]);
      });
    });

    describe('a write on condition that another row is unchanged', () => {
      it('is done while that has its version, and not after', async () => {
        await store.compareAndSwap(row('other'), 0);
        const unchanged = { key: 'other', version: 1 };
        expect(await store.compareAndSwap(row('k'), 0, { unchanged })).toBe(1);
        await other.compareAndSwap(row('other'), 1);
        expect(await store.compareAndSwap(row('k'), 1, { unchanged })).toBeUndefined();
        expect(await store.compareAndSwap(row('new'), 0, { unchanged })).toBeUndefined();
        expect(await store.compareAndSwap(row('new'), 0, { unchanged: { key: 'none', version: 1 } })).toBeUndefined();
        expect(await store.read('k')).toMatchObject({ version: 1 });
        expect(await store.read('new')).toBeUndefined();
      });
    });

    describe('copying and rewrapping', () => {
      it('goes through every row once, expired ones too, page by page in key order', async () => {
        const expiresAt = Date.now() - LONG_MS;
        await store.compareAndSwap(row('b', { partition: 'other', expiresAt }), 0);
        for (const key of ['d', 'a', 'c']) await store.compareAndSwap(row(key), 0);
        const first = await other.page(undefined, 3);
        expect(first.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
        expect(first[1]).toMatchObject({ partition: 'other', version: 1, expiresAt });
        expect(first[0]).not.toHaveProperty('expiresAt');
        expect((await other.page('c', 3)).map(({ key }) => key)).toEqual(['d']);
        expect(await other.page('d', 3)).toEqual([]);
      });

      it('puts a row where there is none with the version that it has', async () => {
        const whole = { ...row('k', { value: bytes('old') }), version: 7 };
        expect(await store.exchange(whole, undefined)).toBe(true);
        expect(await other.exchange(whole, undefined)).toBe(true);
        expect(await other.exchange({ ...whole, value: bytes('new') }, undefined)).toBe(false);
        expect(await other.read('k')).toMatchObject({ version: 7 });
        expect((await other.list('p')).map(({ key }) => key)).toEqual(['k']);
        expect(await other.compareAndSwap(row('k'), 7)).toBe(8);
      });

      it('exchanges exactly the row that was read, and leaves one that has changed', async () => {
        await store.compareAndSwap(row('k', { value: bytes('old') }), 0);
        const read = { key: 'k', version: 1, value: bytes('old') };
        const wanted = { ...row('k', { value: bytes('new') }), version: 1 };
        expect(await store.exchange(wanted, { ...read, value: bytes('another') })).toBe(false);
        expect(await store.exchange(wanted, { ...read, version: 2 })).toBe(false);
        expect(await store.exchange(wanted, read)).toBe(true);
        expect(Buffer.from((await other.read('k'))?.value ?? []).toString()).toBe('new');
        await other.delete('k');
        expect(await store.exchange(wanted, read)).toBe(false);
        expect(await store.read('k')).toBeUndefined();
      });
    });

    describe('delete', () => {
      it('deletes a row once and says whether there was one', async () => {
        await store.compareAndSwap(row('k'), 0);
        expect(await other.delete('k')).toBe(true);
        expect(await store.delete('k')).toBe(false);
        expect(await store.read('k')).toBeUndefined();
      });

      it('with a version deletes only that', async () => {
        await store.compareAndSwap(row('k'), 0);
        expect(await store.delete('k', 2)).toBe(false);
        expect(await store.read('k')).toBeDefined();
        expect(await store.delete('k', 1)).toBe(true);
      });

      it('is done by exactly one of many', async () => {
        await store.compareAndSwap(row('k'), 0);
        const deleted = await Promise.all(each(20, (index) => (index % 2 === 0 ? store : other).delete('k', 1)));
        expect(deleted.filter(Boolean)).toHaveLength(1);
      });
    });

    describe('expiry', () => {
      it('has a row until its instant and not after, and lets it be written anew', async () => {
        await store.compareAndSwap(row('k', { expiresAt: Date.now() + LONG_MS }), 0);
        expect(await other.read('k')).toBeDefined();
        await store.compareAndSwap(row('k', { expiresAt: Date.now() + SHORT_MS }), 1);
        await eventually(async () => expect(await other.read('k')).toBeUndefined());
        expect(await other.list('p')).toEqual([]);
        expect(await other.compareAndSwap(row('k'), 2)).toBeUndefined();
        expect(await other.delete('k')).toBe(false);
        expect(await other.compareAndSwap(row('k'), 0)).toBe(1);
        expect(await store.read('k')).toMatchObject({ version: 1 });
      });

      it('keeps a row whose last write took the expiry away', async () => {
        const expiresAt = Date.now() + 800;
        await store.compareAndSwap(row('k', { expiresAt }), 0);
        await store.compareAndSwap(row('k'), 1);
        await eventually(() => expect(Date.now()).toBeGreaterThan(expiresAt));
        expect(await store.read('k')).toMatchObject({ version: 2 });
      });
    });

    describe('leases', () => {
      it('are held by one, and told to the others with the time that is left', async () => {
        expect(await store.acquireLease('l', 'one', LONG_MS)).toMatchObject({ outcome: 'acquired' });
        const second = await other.acquireLease('l', 'two', LONG_MS);
        expect(second.outcome).toBe('held');
        if (second.outcome === 'held') expect(second.untilMs).toBeGreaterThan(0);
        if (second.outcome === 'held') expect(second.untilMs).toBeLessThanOrEqual(LONG_MS);
      });

      it('are not had a second time by their own holder', async () => {
        await acquired(store, 'l');
        expect(await store.acquireLease('l', 'holder', LONG_MS)).toMatchObject({ outcome: 'held' });
      });

      it('of other names do not touch each other', async () => {
        await acquired(store, 'l');
        expect(await other.acquireLease('m', 'two', LONG_MS)).toMatchObject({ outcome: 'acquired' });
      });

      it('go to exactly one of many', async () => {
        const outcomes = await Promise.all(
          each(20, (index) => (index % 2 === 0 ? store : other).acquireLease('l', randomUUID(), LONG_MS)),
        );
        expect(outcomes.filter(({ outcome }) => outcome === 'acquired')).toHaveLength(1);
      });

      it('can be had again after release, with a higher fencing number', async () => {
        const first = await acquired(store, 'l');
        await store.releaseLease('l', first);
        const second = await acquired(other, 'l');
        await other.releaseLease('l', second);
        expect(second).toBeGreaterThan(first);
        expect(await acquired(store, 'l')).toBeGreaterThan(second);
      });

      it('run out by themselves', async () => {
        const first = await acquired(store, 'l', SHORT_MS);
        const second = await eventually(() => acquired(other, 'l'));
        expect(second).toBeGreaterThan(first);
      });

      it('are not released by somebody who lost them', async () => {
        const lost = await acquired(store, 'l', SHORT_MS);
        await eventually(() => acquired(other, 'l'));
        await store.releaseLease('l', lost);
        expect(await store.acquireLease('l', 'three', LONG_MS)).toMatchObject({ outcome: 'held' });
      });

      it('guard a write: the holder writes, one that lost or released it does not', async () => {
        const lost = await acquired(store, 'l', 800);
        expect(await store.compareAndSwap(row('k'), 0, { lease: { name: 'l', fence: lost } })).toBe(1);
        const fence = await eventually(() => acquired(other, 'l'));
        expect(await store.compareAndSwap(row('k'), 1, { lease: { name: 'l', fence: lost } })).toBeUndefined();
        expect(await store.compareAndSwap(row('new'), 0, { lease: { name: 'l', fence: lost } })).toBeUndefined();
        expect(await other.compareAndSwap(row('k'), 1, { lease: { name: 'another', fence } })).toBeUndefined();
        expect(await other.compareAndSwap(row('k'), 1, { lease: { name: 'l', fence } })).toBe(2);
        await other.releaseLease('l', fence);
        expect(await other.compareAndSwap(row('k'), 2, { lease: { name: 'l', fence } })).toBeUndefined();
        expect(await store.read('k')).toMatchObject({ version: 2 });
        expect(await store.read('new')).toBeUndefined();
      });

      it('are seen as long as they are held by somebody who may still be there', async () => {
        expect(await store.hasLiveLease()).toBe(false);
        const fence = await acquired(store, 'l');
        expect(await other.hasLiveLease()).toBe(true);
        await store.releaseLease('l', fence);
        expect(await other.hasLiveLease()).toBe(false);
        await acquired(store, 'l', SHORT_MS);
        await eventually(async () => expect(await other.hasLiveLease()).toBe(false));
      });

      it('are no rows: a store with nothing but leases is empty', async () => {
        await acquired(store, 'l');
        expect(await store.isEmpty()).toBe(true);
      });
    });

    it('can be closed twice, and keeps what was written', async () => {
      await store.compareAndSwap(row('k'), 0);
      await store.close();
      await store.close();
      const again = await underTest.connect();
      expect(await again.read('k')).toBeDefined();
      await again.close();
    });
  });
}

function row(key: string, rest: Partial<RowToWrite> = {}): RowToWrite {
  return { key, partition: 'p', value: bytes('value'), ...rest };
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

function each<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** Polls, since a server's clock cannot be set. */
function eventually<T>(condition: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(condition, { timeout: 10_000, interval: 20 });
}

async function acquired(store: Store, name: string, durationMs = LONG_MS): Promise<number> {
  const lease = await store.acquireLease(name, 'holder', durationMs);
  if (lease.outcome !== 'acquired') throw new Error(`The lease is held for another ${lease.untilMs} ms.`);
  return lease.fence;
}
