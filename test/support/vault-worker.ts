/**
 * A broker process as far as the vault sees it: a real process that opens a vault and does one task.
 * It says on stdout what it has finished, one line each, before it goes on.
 */
import { closeSync, constants, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import { openVault, parseStoreLocation, takeKeyOptions, type Vault } from '../../src/vault/index.js';
import { grantOf } from './vault-records.js';

const [task = '', home = '', name = '', count = '0'] = process.argv.slice(2);
const ID = ['personal', 'ada', 'linear'];

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

/** Adds 1 to a shared record, `count` times, and says so each time. */
async function increment(vault: Vault): Promise<void> {
  for (let done = 0; done < Number(count); done += 1) {
    await vault.grants.update([...ID, 'shared'], (current) =>
      grantOf('t', { obtainedAt: (current?.obtainedAt ?? 0) + 1 }),
    );
    say(`added ${done + 1}`);
  }
}

/** Is alone in a room, `count` times: the room is a file that must not be there yet. */
async function exclude(vault: Vault): Promise<void> {
  const room = join(home, 'room');
  for (let done = 0; done < Number(count); done += 1) {
    const lease = await vault.acquireLease(['room'], 60_000, 60_000);
    if (lease === undefined) throw new Error('The lease was never free.');
    closeSync(openSync(room, constants.O_CREAT | constants.O_EXCL));
    await vault.acquireLease(['something else', name, String(done)], 10, 0);
    unlinkSync(room);
    await lease.release();
    say(`fence ${lease.fence}`);
  }
}

/** Writes its own record again and again, until it is killed. Every fourth time the record is deleted in between. */
async function write(vault: Vault): Promise<void> {
  const id = [...ID, name];
  say('ready');
  for (let written = 1; ; written += 1) {
    if (written % 4 === 0) await vault.grants.delete(id);
    await vault.grants.update(id, () =>
      grantOf('x'.repeat(500 + ((written * 7_919) % 12_000)), { obtainedAt: written }),
    );
    say(`committed ${written}`);
  }
}

/** Holds a lease until it is killed. */
async function hold(vault: Vault): Promise<void> {
  await vault.acquireLease(['held'], Number(count), 0);
  say('held');
  await new Promise((resolve) => setTimeout(resolve, 600_000));
}

/** Reads and writes one record, and says how each went. */
async function probe(vault: Vault): Promise<void> {
  const read = await vault.grants.get([...ID, name]);
  say(`read ${read?.value.accessToken.length ?? 'nothing'}`);
  const written = await vault.grants
    .update([...ID, name], () => grantOf('y'.repeat(Number(count))))
    .then(
      () => 'written',
      (error: { code?: string; retryable?: boolean }) => `${error.code} ${error.retryable}`,
    );
  say(`write ${written}`);
  const again = await vault.grants.get([...ID, name]);
  say(`read ${again?.value.accessToken.length ?? 'nothing'}`);
}

/** Writes into the audit log of the team, `count` times, and says so each time. */
async function audit(vault: Vault): Promise<void> {
  for (let done = 1; done <= Number(count); done += 1) {
    const act = { team: 'personal', user: name, agent: 'worker', event: 'used', account: String(done) } as const;
    const { sequence } = await vault.audit.append(act);
    say(`entry ${sequence}`);
  }
}

const tasks: Readonly<Record<string, (vault: Vault) => Promise<void>>> = {
  increment,
  exclude,
  write,
  hold,
  probe,
  audit,
};

// The rights of files must not depend on it.
process.umask(0);
const vault = await openVault({
  store: parseStoreLocation(process.env['MCP_OAUTH_STORE'], home),
  key: takeKeyOptions({ ...process.env, MCP_OAUTH_HOME: home }),
  homeDirectory: home,
  clock: systemClock,
  log: silentLog,
});
await tasks[task]?.(vault);
await vault.close();
