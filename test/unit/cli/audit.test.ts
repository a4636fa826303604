/** `audit`: what is printed for people and programs, from when on, and that a broken log is no success. */
import { describe, expect, it } from 'vitest';
import type { AuditEntry, AuditOptions, AuditTrail } from '../../../src/broker/broker.js';
import { failed, jsonLines, run } from './fake-surroundings.js';

const ENTRY: AuditEntry = {
  sequence: 1,
  at: '2026-11-20T18:00:00.000Z',
  team: 'blue',
  user: 'ada',
  agent: 'cli',
  event: 'used',
  serverName: 'linear',
  account: 'work',
  detail: 'tools/call \u202Eeno',
  fingerprint: '0123456789abcdef',
  previous: '',
  hash: 'f'.repeat(64),
};
const FAILED: AuditEntry = { ...ENTRY, sequence: 2, event: 'refresh_failed', code: 'grant_rejected' };

function logOf(trail: Partial<AuditTrail> = {}, asked: AuditOptions[] = []) {
  const auditTrail = async (_principal: unknown, options: AuditOptions = {}): Promise<AuditTrail> => {
    asked.push(options);
    return { entries: [ENTRY, FAILED], chain: { state: 'unbroken' }, ...trail };
  };
  return { broker: { auditTrail } };
}

describe('audit', () => {
  it('prints a line for each entry, with nothing that steers a terminal', async () => {
    const { code, out, err } = await run(['audit'], logOf());
    expect(code).toBe(0);
    expect(err).toBe('');
    expect(out.split('\n')[0]).toMatch(
      /^2026-11-20T18:00:00\.000Z +ada\/cli +used +linear \(work\) +tools\/call +eno$/u,
    );
    expect(out.split('\n')[1]).toContain('grant_rejected');
  });

  it('says so where there is nothing', async () => {
    expect(await run(['audit'], logOf({ entries: [] }))).toMatchObject({
      code: 0,
      out: 'Nothing has been written down.\n',
    });
    expect(await run(['audit', '--jsonl'], logOf({ entries: [] }))).toMatchObject({ code: 0, out: '', err: '' });
  });

  it('prints one line of JSON for each entry with --jsonl, and all of it in one with --json', async () => {
    expect(jsonLines((await run(['audit', '--jsonl'], logOf())).out)).toEqual([ENTRY, FAILED]);
    expect(jsonLines((await run(['audit', '--jsonl', '--json'], logOf())).out)).toEqual([ENTRY, FAILED]);
    const { out } = await run(['audit', '--json'], logOf());
    expect(jsonLines(out)).toEqual([{ entries: [ENTRY, FAILED], chain: { state: 'unbroken' } }]);
  });

  it.each([[[]], [['--jsonl']], [['--json']]])('says where a log is broken, and fails: %j', async (options) => {
    const chain = { state: 'broken', sequence: 7, problem: 'missing' } as const;
    const { code, out, err } = await run(['audit', ...options], logOf({ chain }));
    expect(code).toBe(1);
    expect(err).toBe('The audit log is broken at entry 7: it, and perhaps others, has been deleted.\n');
    expect(out).not.toContain('broken at');
  });

  it('fails where the vault cannot be read', async () => {
    const broker = { auditTrail: async () => failed('vault_unreadable') };
    expect(await run(['audit', '--jsonl'], { broker })).toMatchObject({ code: 1, out: '' });
  });

  it.each([
    ['2026-11-20', Date.UTC(2026, 10, 20)],
    ['2026-11-20T18:00Z', Date.UTC(2026, 10, 20, 18)],
    ['2026-11-20T18:00:30.5+01:00', Date.UTC(2026, 10, 20, 17, 0, 30, 500)],
  ])('takes --since %s', async (since, instant) => {
    const asked: AuditOptions[] = [];
    expect((await run(['audit', '--since', since], logOf({}, asked))).code).toBe(0);
    expect(asked).toEqual([{ since: instant }]);
  });

  it.each([
    ['30m', 30 * 60_000],
    ['12h', 12 * 3_600_000],
    ['7d', 7 * 86_400_000],
  ])('takes --since %s as that long ago', async (since, ago) => {
    const asked: AuditOptions[] = [];
    const before = Date.now();
    await run(['audit', '--since', since], logOf({}, asked));
    const from = (asked[0]?.since ?? 0) + ago;
    expect(from).toBeGreaterThanOrEqual(before);
    expect(from).toBeLessThanOrEqual(Date.now());
  });

  it.each(['yesterday', '2026-13-01', '7', '7w', '2026', ''])(
    'refuses --since %j, and says what to write',
    async (since) => {
      const asked: AuditOptions[] = [];
      const { code, err } = await run(['audit', '--since', since], logOf({}, asked));
      expect(code).toBe(2);
      expect(err).toContain('7d, 12h, 30m');
      expect(asked).toEqual([]);
    },
  );
});
