/**
 * One connection to a Redis server, and what its failures mean. Loaded when a Redis store is opened, never before.
 */
import { createHash } from 'node:crypto';
import { createClient, ErrorReply, RESP_TYPES } from '@redis/client';
import type { BrokerError } from '../core/errors.js';
import { STORE_ATTEMPT_TIMEOUT_MS } from '../core/limits.js';
import { SCHEMA_LOST, SCHEMA_NEWER } from './redis-scripts.js';
import { fullStore, newerStore, unreadableStore } from './remote-store-errors.js';
import { isCertificateError } from './store-link.js';
import type { RedisLocation } from './store-location.js';

export interface RedisConnection {
  /** Runs a script over one key with `args`; strings in its answer are bytes. */
  evaluate(script: string, key: string, args: readonly (string | Buffer)[]): Promise<RedisReply>;
  disconnect(): void;
}

export type RedisReply = number | Buffer | null | readonly RedisReply[];

const BYTES = { [RESP_TYPES.BLOB_STRING]: Buffer };
/** Codes with which a server says that it is starting, failing over, or no longer the one that takes writes. */
const AWAY: readonly string[] = ['LOADING', 'READONLY', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN', 'BUSY', 'NOREPLICAS'];
const REFUSED: readonly string[] = ['WRONGPASS', 'NOAUTH', 'NOPERM'];
const CANNOT_WRITE: readonly string[] = ['OOM', 'MISCONF'];

/** @throws what the driver throws; see `translateRedisError`. */
export async function connectRedis({ url }: RedisLocation): Promise<RedisConnection> {
  const client = createClient({
    url: url.reveal(),
    RESP: 2,
    // The link connects again, and knows what was in flight.
    disableOfflineQueue: true,
    socket: { reconnectStrategy: false, connectTimeout: STORE_ATTEMPT_TIMEOUT_MS },
    maintNotifications: 'disabled',
  });
  // Every operation in flight fails with the same error; without a listener it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  const send = (command: readonly (string | Buffer)[]) =>
    client.sendCommand<RedisReply>(command, { typeMapping: BYTES });
  return {
    async evaluate(script, key, args) {
      try {
        return await send(['EVALSHA', sha1(script), '1', key, ...args]);
      } catch (error) {
        if (codeOf(error) !== 'NOSCRIPT') throw error;
        return send(['EVAL', script, '1', key, ...args]);
      }
    },
    disconnect: () => {
      if (client.isOpen) client.destroy();
    },
  };
}

/** What a failure of the driver or the server means; undefined: the server is away for the moment. */
export function translateRedisError(error: unknown): BrokerError | undefined {
  const code = codeOf(error);
  if (code === undefined) {
    return isCertificateError(error)
      ? unreadableStore('The certificate of the Redis server is not accepted.', error)
      : undefined;
  }
  if (AWAY.includes(code)) return undefined;
  if (REFUSED.includes(code)) return unreadableStore('The Redis server refuses the user name or password.', error);
  if (CANNOT_WRITE.includes(code)) {
    return fullStore('Redis', error);
  }
  if (code === SCHEMA_NEWER) return newerStore();
  if (code === SCHEMA_LOST) {
    return unreadableStore('The Redis server has lost this vault. Nothing was written to it.', error);
  }
  return unreadableStore('The Redis server answered with an error.', error);
}

/** The protocol begins an error reply with its code, in capitals. */
function codeOf(error: unknown): string | undefined {
  return error instanceof ErrorReply ? (/^[A-Z]+/u.exec(error.message)?.[0] ?? '') : undefined;
}

function sha1(text: string): string {
  let known = SHA1_OF.get(text);
  if (known === undefined) {
    known = createHash('sha1').update(text).digest('hex');
    SHA1_OF.set(text, known);
  }
  return known;
}

const SHA1_OF = new Map<string, string>();
