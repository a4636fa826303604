/**
 * Who is calling, and whose a record is.
 * A principal is fixed when the process starts (the agent by its first request), never by a tool argument.
 */

/** `team` / `user` / `agent`: the three names that every stored credential is bound by. */
export interface Principal {
  readonly team: string;
  readonly user: string;
  readonly agent: string;
}

/** Whose credential a server uses, independent of the kind of credential. */
export type CredentialMode = 'per_user' | 'per_agent' | 'shared';

/** The owner of a record: a team, a user of it, or one agent of that user. */
export interface Owner {
  readonly team: string;
  readonly user?: string;
  readonly agent?: string;
}

/** The owner that a server's `credentialMode` names for this principal. */
export function ownerOf(principal: Principal, mode: CredentialMode): Owner {
  if (mode === 'shared') return { team: principal.team };
  if (mode === 'per_user') return { team: principal.team, user: principal.user };
  return { team: principal.team, user: principal.user, agent: principal.agent };
}

/** The owner as a tuple for record keys; its length tells the kinds of owner apart. */
export function ownerTuple(owner: Owner): readonly string[] {
  return [owner.team, owner.user, owner.agent].filter((part) => part !== undefined);
}
