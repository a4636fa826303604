/** Whether a sign-in still waits for its user. */
import type { PendingAuthorization } from '../vault/index.js';

/** No answer to it has been taken, and none has failed. */
export function isUnanswered({ answeredAt, failure }: PendingAuthorization): boolean {
  return answeredAt === undefined && failure === undefined;
}

/** The same, and its time is not over. `now` in milliseconds since the epoch. */
export function isLive(pending: PendingAuthorization, now: number): boolean {
  return isUnanswered(pending) && pending.expiresAt > now;
}
