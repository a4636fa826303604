/**
 * The store on a Redis server that many machines share. Every operation is one script (`redis-scripts.ts`).
 * A write that was sent and never answered is sent again: it carries an identifier by which the server knows it.
 */
import { randomUUID } from 'node:crypto';
import {
  EXPIRED_ROW_PURGE_AFTER_MS,
  EXPIRED_ROW_PURGE_INTERVAL_MS,
  EXPIRED_ROW_PURGE_MAX_ROWS,
  STORE_PAGE_ROWS,
} from '../core/limits.js';
import { isLeaseHolderGone } from './lease-holder.js';
import { connectRedis, type RedisConnection, type RedisReply, translateRedisError } from './redis-connection.js';
import { REDIS_SCHEMA_VERSION, REDIS_SCRIPTS } from './redis-scripts.js';
import { newerStore } from './remote-store-errors.js';
import type { LeaseOutcome, RowToWrite, Store, StoredRow, WholeRow, WriteConditions } from './store.js';
import {
  createStoreLink,
  patienceOfOpening,
  type StoreDriver,
  type StoreLink,
  type StoreTimeouts,
} from './store-link.js';
import type { RedisLocation } from './store-location.js';

type ScriptName = keyof typeof REDIS_SCRIPTS;
type Evaluate = (script: ScriptName, args: readonly (string | Buffer)[]) => Promise<RedisReply>;

const DRIVER = {
  disconnect: (connection) => connection.disconnect(),
  translate: translateRedisError,
} satisfies Partial<StoreDriver<RedisConnection>>;

/**
 * Connects, and makes the vault's keys where there are none.
 * @throws {BrokerError} `vault_unreadable` (refused, newer, no certificate) or `vault_busy` (no answer).
 */
export async function openRedisStore(location: RedisLocation, timeouts: StoreTimeouts = {}): Promise<Store> {
  const link = linkTo(location, timeouts);
  try {
    const version = await evaluateOver(link, location, patienceOfOpening(timeouts))('make', []);
    if (Number(textOf(version)) > REDIS_SCHEMA_VERSION) throw newerStore();
    return new RedisStore(link, evaluateOver(link, location));
  } catch (error) {
    await link.close();
    throw error;
  }
}

/** Whether there is a vault already; looks, and makes nothing. */
export async function redisVaultExists(location: RedisLocation, timeouts: StoreTimeouts = {}): Promise<boolean> {
  const link = linkTo(location, timeouts);
  const evaluate = evaluateOver(link, location, patienceOfOpening(timeouts));
  return (await evaluate('anyRow', []).finally(() => link.close())) === 1;
}

function linkTo(location: RedisLocation, timeouts: StoreTimeouts): StoreLink<RedisConnection> {
  return createStoreLink({ ...DRIVER, connect: () => connectRedis(location) }, location.shown, timeouts);
}

function evaluateOver(
  link: StoreLink<RedisConnection>,
  { prefix }: RedisLocation,
  patience?: ReturnType<typeof patienceOfOpening>,
): Evaluate {
  const meta = `{${prefix}}:meta`;
  return (script, args) => link.run((connection) => connection.evaluate(REDIS_SCRIPTS[script], meta, args), patience);
}

class RedisStore implements Store {
  readonly #link: StoreLink<RedisConnection>;
  readonly #evaluate: Evaluate;
  #purgedAt = Number.NEGATIVE_INFINITY;

  constructor(link: StoreLink<RedisConnection>, evaluate: Evaluate) {
    this.#link = link;
    this.#evaluate = evaluate;
  }

  async read(key: string): Promise<StoredRow | undefined> {
    const [version, value] = partsOf(await this.#evaluate('read', [key]));
    return version === undefined ? undefined : { key, version: Number(textOf(version)), value: bytesOf(value) };
  }

  async list(partition: string): Promise<readonly StoredRow[]> {
    const rows: StoredRow[] = [];
    for (let after = ''; ; ) {
      const [last, ...parts] = partsOf(await this.#evaluate('list', [partition, after, String(STORE_PAGE_ROWS)]));
      for (const [key, version, value] of groupsOf(parts, 3)) {
        rows.push({ key: textOf(key), version: Number(textOf(version)), value: bytesOf(value) });
      }
      after = textOf(last);
      if (after === '') return rows;
    }
  }

  async compareAndSwap(
    row: RowToWrite,
    expectedVersion: number,
    { lease, unchanged }: WriteConditions = {},
  ): Promise<number | undefined> {
    const written = await this.#evaluate('compareAndSwap', [
      ...placeOf(row),
      String(expectedVersion),
      expiryOf(row),
      Buffer.from(row.value),
      randomUUID(),
      lease?.name ?? '',
      String(lease?.fence ?? ''),
      unchanged?.key ?? '',
      String(unchanged?.version ?? ''),
    ]);
    if (written === 0) return undefined;
    void this.#purgeExpired();
    return Number(written);
  }

  async delete(key: string, expectedVersion?: number): Promise<boolean> {
    return (await this.#evaluate('remove', [key, String(expectedVersion ?? '')])) === 1;
  }

  async acquireLease(name: string, holder: string, durationMs: number): Promise<LeaseOutcome> {
    const acquisition = randomUUID();
    const acquire = async (takenOver: string) =>
      partsOf(
        await this.#evaluate('acquireLease', [
          name,
          holder,
          acquisition,
          String(durationMs),
          takenOver,
          String(EXPIRED_ROW_PURGE_AFTER_MS),
        ]),
      ).map(textOf);
    const first = await acquire('');
    const [outcome, , heldBy = '', fence = ''] = first;
    return outcomeOf(outcome === 'held' && isLeaseHolderGone(heldBy) ? await acquire(fence) : first);
  }

  async releaseLease(name: string, fence: number): Promise<void> {
    await this.#evaluate('releaseLease', [name, String(fence)]);
  }

  async hasLiveLease(): Promise<boolean> {
    return partsOf(await this.#evaluate('leaseHolders', [])).some((holder) => !isLeaseHolderGone(textOf(holder)));
  }

  async page(after: string | undefined, limit: number): Promise<readonly WholeRow[]> {
    const parts = partsOf(await this.#evaluate('page', [after ?? '', String(limit)]));
    return groupsOf(parts, 5).map(([key, partition, version, expiry, value]) => ({
      key: textOf(key),
      partition: textOf(partition),
      version: Number(textOf(version)),
      value: bytesOf(value),
      ...(textOf(expiry) === '' ? {} : { expiresAt: Number(textOf(expiry)) }),
    }));
  }

  async exchange(row: WholeRow, previous: StoredRow | undefined): Promise<boolean> {
    const answer = await this.#evaluate('exchange', [
      ...placeOf(row),
      String(row.version),
      expiryOf(row),
      Buffer.from(row.value),
      String(previous?.version ?? ''),
      Buffer.from(previous?.value ?? []),
    ]);
    return answer === 1;
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#evaluate('anyRow', [])) === 0;
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  /**
   * Rows that nobody can read any more leave after a write that happened anyway, which is not kept waiting.
   * A server that fails here is told of by the next.
   */
  async #purgeExpired(): Promise<void> {
    const now = performance.now();
    if (now - this.#purgedAt < EXPIRED_ROW_PURGE_INTERVAL_MS) return;
    this.#purgedAt = now;
    const limits = [String(EXPIRED_ROW_PURGE_AFTER_MS), String(EXPIRED_ROW_PURGE_MAX_ROWS)];
    await this.#evaluate('purge', limits).catch(() => undefined);
  }
}

function outcomeOf([outcome, figure]: readonly string[]): LeaseOutcome {
  return outcome === 'acquired'
    ? { outcome: 'acquired', fence: Number(figure) }
    : { outcome: 'held', untilMs: Number(figure) };
}

function placeOf({ key, partition }: RowToWrite): readonly [string, string] {
  return [key, partition];
}

function expiryOf({ expiresAt }: RowToWrite): string {
  return expiresAt === undefined ? '' : String(expiresAt);
}

function partsOf(reply: RedisReply): readonly RedisReply[] {
  return Array.isArray(reply) ? reply : [];
}

function groupsOf<T>(parts: readonly T[], size: number): readonly T[][] {
  return Array.from({ length: parts.length / size }, (_, index) => parts.slice(index * size, (index + 1) * size));
}

function textOf(part: RedisReply | undefined): string {
  return Buffer.isBuffer(part) ? part.toString('utf8') : '';
}

function bytesOf(part: RedisReply | undefined): Uint8Array {
  return Buffer.isBuffer(part) ? part : new Uint8Array();
}
