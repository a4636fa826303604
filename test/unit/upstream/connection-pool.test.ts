/** One connection for each key, however many ask, closed when nobody does any more. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createConnectionPool, type UpstreamConnection } from '../../../src/upstream/index.js';

interface FakeConnection extends UpstreamConnection {
  closes: number;
  operationsUnderWay: number;
}

function fakeConnection(): FakeConnection {
  const connection = { closes: 0, operationsUnderWay: 0 } as FakeConnection;
  connection.close = async () => {
    connection.closes += 1;
  };
  return connection;
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a connection pool', () => {
  it('opens a key once for all who ask at the same time, and keys apart', async () => {
    const pool = createConnectionPool();
    const opened: string[] = [];
    const open = (key: string) => async () => {
      opened.push(key);
      return fakeConnection();
    };
    const [a, again, b] = await Promise.all([
      pool.use('a', open('a')),
      pool.use('a', open('a')),
      pool.use('b', open('b')),
    ]);
    expect(a).toBe(again);
    expect(b).not.toBe(a);
    expect(await pool.use('a', open('a'))).toBe(a);
    expect(pool.get('a')).toBe(a);
    expect(opened).toEqual(['a', 'b']);
  });

  it('keeps nothing of an opening that failed', async () => {
    const pool = createConnectionPool();
    await expect(pool.use('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    const connection = fakeConnection();
    expect(await pool.use('a', async () => connection)).toBe(connection);
  });

  it('closes what was not used for a while, and opens it again when asked', async () => {
    const pool = createConnectionPool({ idleCloseMs: 1_000 });
    const connection = fakeConnection();
    await pool.use('a', async () => connection);
    await vi.advanceTimersByTimeAsync(900);
    pool.get('a');
    await vi.advanceTimersByTimeAsync(900);
    expect(connection.closes).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(connection.closes).toBe(1);
    expect(pool.get('a')).toBeUndefined();
    const next = fakeConnection();
    expect(await pool.use('a', async () => next)).toBe(next);
  });

  it('leaves a connection open while an operation is under way', async () => {
    const pool = createConnectionPool({ idleCloseMs: 1_000 });
    const connection = fakeConnection();
    await pool.use('a', async () => connection);
    connection.operationsUnderWay = 1;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(connection.closes).toBe(0);
    connection.operationsUnderWay = 0;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(connection.closes).toBe(1);
  });

  it('closes one that is dropped, also while it is being opened', async () => {
    const pool = createConnectionPool();
    const connection = fakeConnection();
    let finish: (opened: UpstreamConnection) => void = () => {};
    const using = pool.use(
      'a',
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    const dropping = pool.drop('a');
    finish(connection);
    await Promise.all([using, dropping]);
    expect(connection.closes).toBe(1);
    expect(pool.get('a')).toBeUndefined();
  });

  it('closes all at its end, and opens none after it', async () => {
    const pool = createConnectionPool();
    const connections = [fakeConnection(), fakeConnection()];
    await Promise.all(connections.map((connection, index) => pool.use(String(index), async () => connection)));
    await pool.close();
    expect(connections.map(({ closes }) => closes)).toEqual([1, 1]);
    await expect((async () => pool.use('a', async () => fakeConnection()))()).rejects.toThrow(TypeError);
  });
});
