/**
 * The audit log: who connected, used, refreshed and cleared what, and what administrators did. An act that its entry
 * cannot be written for is refused in a team; where somebody is alone, the log of the process says so.
 */
import type { Clock } from '../core/clock.js';
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { AUDIT_DETAIL_MAX_LENGTH, AUDIT_REPEAT_INTERVAL_MS } from '../core/limits.js';
import type { Log } from '../core/log.js';
import { PERSONAL_TEAM, providerIdOf } from '../core/names.js';
import type { Owner, Principal } from '../core/principal.js';
import type { AuditedAct, AuditTrail, Vault } from '../vault/index.js';
import type { AuditOptions } from './broker.js';
import type { AnyServer } from './server-of-caller.js';

/** What was done, without who did it. */
export interface Act extends Omit<AuditedAct, 'team' | 'user' | 'agent' | 'fingerprint'> {
  /** The token, key or secret that it is about: only its fingerprint is written. */
  readonly credential?: string | undefined;
  /** What it was before: `detail` then says that one's fingerprint. */
  readonly replaces?: string;
}

export interface Audit {
  /**
   * Before what it tells of, but for a grant, which must not be lost: that is stored first.
   * @throws {BrokerError} `vault_busy`, `vault_unreadable` in a team, where it cannot be written.
   */
  record(who: Owner, act: Act): Promise<void>;
  /** What went wrong, or was seen: there is nothing to refuse. The same is written at most once an hour. */
  note(who: Owner, act: Act): Promise<void>;
  /** The same, where nobody waits for it. */
  noteLater(who: Owner, act: Act): void;
  /**
   * The first use of a credential by this process, and then at most one an hour. Nobody waits for it who is alone.
   * @param operation as of `ReachOptions`
   * @param needsCredential false: nothing of the user's is sent, so it is only noted
   */
  used(
    server: AnyServer,
    operation: string,
    options: { readonly needsCredential: boolean; readonly credential?: string | undefined },
  ): Promise<void>;
  /** Resolves when no entry is being written. */
  settled(): Promise<void>;
}

interface Surroundings {
  readonly vault: () => Promise<Vault>;
  readonly vaultExists: () => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: { readonly isStoreShared?: boolean };
}

export function createAudit(parts: Surroundings): Audit {
  /** What is not written again soon → since when, and the entry on its way. */
  const written = new Map<string, { readonly at: number; readonly entry: Promise<void> }>();
  const underWay = new Set<Promise<void>>();

  /** No vault is made for an entry: where there is none, there is nothing to guard. */
  async function write(
    { team, user = '', agent = '' }: Owner,
    { credential, replaces, detail, ...act }: Act,
  ): Promise<void> {
    if (!(await parts.vaultExists())) return;
    const { audit } = await parts.vault();
    await audit.append({
      team,
      user,
      agent,
      ...act,
      ...(credential !== undefined && { fingerprint: audit.fingerprint(credential) }),
      ...(replaces !== undefined && { detail: `instead of ${audit.fingerprint(replaces)}` }),
      ...(detail !== undefined && { detail: displayText(detail, AUDIT_DETAIL_MAX_LENGTH) }),
    });
  }

  /** What a process does again and again: one entry an hour. */
  function writeOnce(who: Owner, act: Act): Promise<void> {
    const { event, serverName, account, provider, code } = act;
    const key = JSON.stringify([who.team, who.user, who.agent, event, serverName, account, provider, code]);
    const now = parts.clock.now();
    const before = written.get(key);
    if (before !== undefined && Math.abs(now - before.at) < AUDIT_REPEAT_INTERVAL_MS) return before.entry;
    const entry = write(who, act);
    written.set(key, { at: now, entry });
    // What could not be written is tried again by the next.
    entry.catch(() => written.delete(key));
    return entry;
  }

  async function orWarn(act: Act, entry: Promise<void>): Promise<void> {
    try {
      await entry;
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      parts.log.warn({ event: act.event, code: error.code }, 'an entry of the audit log could not be written');
    }
  }

  function inBackground(entry: Promise<void>): void {
    const done = entry
      .catch((error: unknown) => parts.log.error({ err: error }, 'the audit log failed unexpectedly'))
      .finally(() => underWay.delete(done));
    underWay.add(done);
  }

  const isTeam = ({ team }: Owner): boolean => team !== PERSONAL_TEAM || parts.settings.isStoreShared === true;

  return {
    record: (who, act) => (isTeam(who) ? write(who, act) : orWarn(act, write(who, act))),
    note: (who, act) => orWarn(act, writeOnce(who, act)),
    noteLater: (who, act) => inBackground(orWarn(act, writeOnce(who, act))),
    used: async (server, operation, { needsCredential, credential }) => {
      const act: Act = { event: 'used', ...actOn(server), detail: operation, credential };
      const entry = writeOnce(server.principal, act);
      if (isTeam(server.principal) && needsCredential) await entry;
      else inBackground(orWarn(act, entry));
    },
    settled: async () => {
      await Promise.all(underWay);
    },
  };
}

/** What an entry says of the server or provider that it is about. */
export function actOn({ entry, account, provider }: AnyServer): Pick<Act, 'serverName' | 'account' | 'provider'> {
  if (provider !== undefined) return { serverName: provider.neededBy, account, provider: provider.id };
  return { serverName: entry.serverName, account };
}

/** The same of what is stored for a server or a provider. */
export function actOnRecord(record: {
  readonly serverName: string;
  readonly account: string;
}): Pick<Act, 'serverName' | 'account' | 'provider'> {
  const provider = providerIdOf(record.serverName);
  return { ...(provider === undefined ? { serverName: record.serverName } : { provider }), account: record.account };
}

/** The log of the caller's team. Where there is no vault, nothing has been done. */
export async function auditTrail(
  parts: Pick<Surroundings, 'vault' | 'vaultExists'>,
  { team, user }: Principal,
  { since, limit, ownOnly }: AuditOptions,
): Promise<AuditTrail> {
  if (!(await parts.vaultExists())) return { entries: [], chain: { state: 'unbroken' } };
  return (await parts.vault()).audit.read(team, { since, limit, ...(ownOnly === true && { user }) });
}
