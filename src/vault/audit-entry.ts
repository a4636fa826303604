/** What the audit log holds and answers: who did what, when, to which server and account. Never a value. (Interfaces only.) */

/** Everything that the log tells of: a closed list. */
export type AuditEvent =
  | 'connected'
  | 'sign_in_failed'
  | 'used'
  | 'refreshed'
  | 'refresh_failed'
  | 'cleared'
  | 'key_stored'
  /** By its server: when it was given, or later. */
  | 'key_refused'
  | 'secret_stored'
  /** A state of somebody else's sign-in was pasted. */
  | 'foreign_state'
  /** A server has sent back a secret of ours. */
  | 'secret_echoed'
  | 'server_added'
  | 'server_removed'
  | 'provider_added'
  | 'provider_removed'
  | 'member_added'
  | 'member_removed'
  | 'reset'
  | 'tools_chosen'
  | 'keys_rotated';

/** What is to be written; `team`, `user` and `agent` are whose act it was. */
export interface AuditedAct {
  readonly team: string;
  readonly user: string;
  readonly agent: string;
  readonly event: AuditEvent;
  readonly serverName?: string;
  readonly account?: string;
  readonly provider?: string;
  /** Of the contract's closed lists: why something failed. */
  readonly code?: string;
  /** Of `AuditLog.fingerprint`: the same in all entries about one credential. */
  readonly fingerprint?: string;
  /** One line; where it names what a stranger named, that is bounded and stripped. */
  readonly detail?: string;
}

/** One entry of a team's log, as it is shown and exported. */
export interface AuditEntry extends AuditedAct {
  /** From 1, without gaps, in each team. */
  readonly sequence: number;
  /** ISO 8601, by the clock of whoever wrote it. */
  readonly at: string;
  /** `hash` of the entry before it; empty in the first. */
  readonly previous: string;
  /** HMAC-SHA256 in hexadecimal, under a key of the vault, over all the rest. */
  readonly hash: string;
}

/** An entry as it is stored. */
export interface AuditRecord extends AuditEntry {
  /** `at` of the entry before it, in milliseconds since the epoch: whether that one may have expired by now. */
  readonly previousAt?: number;
}

/** Where the log of a team ends: what tells that entries were cut off there. */
export interface AuditHead {
  /** 0: nothing has been written. */
  readonly sequence: number;
  /** Of that entry; empty where it is not known. */
  readonly hash: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Whether the entries follow one another without a break, and where they do not. */
export type AuditVerdict =
  | { readonly state: 'unbroken' }
  | {
      readonly state: 'broken';
      /** Of the first entry that is missing, changed, or not linked to the one before it. */
      readonly sequence: number;
      readonly problem: 'missing' | 'changed' | 'unlinked';
    };

export interface AuditQuery {
  /** Not those before this instant, in milliseconds since the epoch. */
  readonly since?: number | undefined;
  /** The newest of this user alone. */
  readonly user?: string | undefined;
  /** So many at most, the newest; looked for among the newest AUDIT_SCANNED_MAX only. Absent: all. */
  readonly limit?: number | undefined;
}

export interface AuditTrail {
  /** In order of their sequence. */
  readonly entries: readonly AuditEntry[];
  /** Of the whole log; with `limit`, of what was read for it. */
  readonly chain: AuditVerdict;
}

export interface AuditLog {
  /** @throws {BrokerError} `vault_busy`, `vault_unreadable`: it is not in the log then, or its writer cannot know. */
  append(act: AuditedAct): Promise<AuditEntry>;
  read(team: string, query?: AuditQuery): Promise<AuditTrail>;
  /** Tells whether two entries are about the same credential, and nothing else of it. */
  fingerprint(secret: string): string;
}
