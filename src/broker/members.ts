/** Who is a member of a team: everybody but those whom an administrator removed. */
import { BrokerError } from '../core/errors.js';
import { MEMBERSHIP_RECHECK_MS } from '../core/limits.js';
import type { Principal } from '../core/principal.js';
import type { Parts } from './parts.js';

type Member = Pick<Principal, 'team' | 'user'>;

export interface Membership {
  /** @throws {BrokerError} `not_a_member`. What a process has read counts for MEMBERSHIP_RECHECK_MS. */
  check(principal: Member): Promise<void>;
}

export function createMembership(parts: Parts): Membership {
  const known = new Map<string, { readonly isRemoved: boolean; readonly until: number }>();

  async function isRemoved({ team, user }: Member): Promise<boolean> {
    const key = JSON.stringify([team, user]);
    const now = parts.clock.now();
    const before = known.get(key);
    if (before !== undefined && now < before.until) return before.isRemoved;
    if (!(await parts.vaultExists())) return false;
    const record = await (await parts.vault()).removedMembers.get([team, user]);
    known.set(key, { isRemoved: record !== undefined, until: now + MEMBERSHIP_RECHECK_MS });
    return record !== undefined;
  }

  return {
    async check(principal) {
      if (await isRemovedIfKnown(isRemoved(principal)))
        throw new BrokerError('not_a_member', `This user is no longer a member of the team "${principal.team}".`, {
          nextStep:
            'Tell the user that an administrator has removed them from this team, and that only an administrator can add them again.',
        });
    },
  };
}

/** Without the vault nobody gets a credential, so what needs none may go on: whoever needs it says what is wrong with it. */
async function isRemovedIfKnown(isRemoved: Promise<boolean>): Promise<boolean> {
  try {
    return await isRemoved;
  } catch (error) {
    if (error instanceof BrokerError) return false;
    throw error;
  }
}
