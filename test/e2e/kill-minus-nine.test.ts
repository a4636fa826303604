/**
 * kill -9, again and again (500 times in CI, see KILLS), at moments that nobody chose. Each victim is a process of its own with the real broker and the
 * real vault file; it signs in, calls with tokens that are refused all the time (so that it refreshes), clears, and
 * begins anew. Several live at once on one vault. What makes that affordable: the authorization server is a small
 * program in this process, every process is bundled once and started before it is needed (it waits for its turn while
 * another is killed), and what a victim was told is read from its stdout, which survives it.
 *
 * After every kill the vault is opened as it lies there, by a handle that does nothing else. What the victim was told
 * is held is there, opens, is active, and is a grant that the authorization server still believes; nothing that the
 * next process is asked to do needs another sign-in than the ones it begins itself. The moments come from a seeded
 * generator: after how much work, and how many milliseconds later; the machine fixes where exactly they hit.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brokerEnvironment } from '../support/broker-process.js';
import { type InstantServers, startInstantServers } from '../support/instant-servers.js';
import { bundleForProcesses, type SourceProcess, type SourceProcesses } from '../support/source-processes.js';
import { createStage } from '../support/stage.js';
import { openStoredGrants, type StoredGrants } from '../support/stored-grants.js';
import type { TemporaryHome } from '../support/temporary-home.js';

/** A hundred take half a minute; `TEST_KILLS` asks for more. */
const KILLS = Number(process.env['TEST_KILLS'] ?? 100);
const AT_ONCE = 2;
const SEED = 20_260_728;
/** A victim lives until it has said so many lines at most (a round has four), and then a moment longer. */
const MOST_LINES = 5;
const LONGEST_MOMENT_MS = 30;
const TIMEOUT_MS = 600_000;

const stage = createStage();
let processes: SourceProcesses;
let servers: InstantServers;
let home: TemporaryHome;
let grants: StoredGrants;

beforeAll(async () => {
  processes = stage.keep(await bundleForProcesses('mortal-broker-process.ts'));
  servers = stage.keep(await startInstantServers());
  home = await stage.home();
  grants = stage.keep(await openStoredGrants(home));
});
afterAll(() => stage.close());

describe(`a broker that is killed ${KILLS} times`, () => {
  it(
    'R01 R02 has every grant that it said it had, and needs no repair',
    async () => {
      const seen = { held: 0, cleared: 0, kept: 0 };
      const lives = Array.from({ length: AT_ONCE }, (_, index) =>
        liveAndDie(`server-${index}`, KILLS / AT_ONCE, seededRandom(SEED + index), seen),
      );
      await Promise.all(lives);

      // Sign-ins, refreshes and clearings all happened, and were survived in every state.
      expect(seen.held).toBeGreaterThan(KILLS / 2);
      expect(seen.cleared).toBeGreaterThan(KILLS / 20);
      expect(seen.kept).toBeGreaterThan(KILLS / 10);
      expect(servers.refusals()).toBe(0);
    },
    TIMEOUT_MS,
  );
});

async function liveAndDie(
  serverName: string,
  kills: number,
  random: () => number,
  seen: { held: number; cleared: number; kept: number },
): Promise<void> {
  let next = begin(serverName);
  for (let kill = 0; kill < kills; kill += 1) {
    const victim = next;
    expect(await victim.nextLine()).toBe('ready');
    if (kill + 1 < kills) next = begin(serverName);
    victim.child.stdin.write('\n');
    const said: string[] = [];
    for (let lines = Math.floor(random() * MOST_LINES); lines > 0; lines -= 1) said.push(await victim.nextLine());
    await new Promise((resolve) => setTimeout(resolve, random() * LONGEST_MOMENT_MS));
    await victim.kill();
    said.push(...(await victim.rest()));
    expect(said.filter((line) => /^(?:failed|asked)/.test(line))).toEqual([]);
    seen.held += said.filter((line) => line === 'held').length;
    seen.cleared += said.filter((line) => line === 'cleared').length;
    if (await survives(serverName, said.at(-1))) seen.kept += 1;
  }
}

function begin(serverName: string): SourceProcess {
  const extra = { MORTAL_NAME: serverName, MORTAL_URL: servers.urlOf(serverName) };
  return processes.start(brokerEnvironment(home, extra));
}

/** Whether a grant was found; rejects where one is lost, damaged, or worth nothing. */
async function survives(serverName: string, lastWord: string | undefined): Promise<boolean> {
  const found = await grants.find(serverName);
  if (lastWord === 'held') expect(found, 'the grant that was held').toBeDefined();
  if (found === undefined) return false;
  expect(found.value).toMatchObject({ state: 'active', serverUrl: servers.urlOf(serverName) });
  const { refreshToken = '' } = found.value;
  // Cleared and not yet deleted is the one way in which a stored token may be revoked: it is deleted first.
  expect(servers.accepts(refreshToken), 'the refresh token that is stored').toBe(true);
  return true;
}

/** Mulberry32: small, and the same everywhere. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
