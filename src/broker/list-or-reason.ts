/** One of a server's lists, asked for on the way to something else: nobody waits long for it, and it begins nothing. */
import { BrokerError } from '../core/errors.js';
import { UPSTREAM_SEARCH_CONNECT_TIMEOUT_MS } from '../core/limits.js';
import { RefusedError } from '../upstream/index.js';
import type { AnyServer } from './known-server.js';
import type { Reach } from './reach-server.js';
import type { Reached, Work } from './reached.js';

/** The list, or why it cannot be had now: a code of the contract, or `requires_auth`. */
export type ListOrReason<T> =
  | { readonly kind: 'listed'; readonly list: T }
  | { readonly kind: 'left_out'; readonly reason: string };

/**
 * With the credential in hand; connecting takes UPSTREAM_SEARCH_CONNECT_TIMEOUT_MS at most.
 * @param operation the method: `tools/list`.
 */
export function requestList<T>(
  reach: Reach,
  server: AnyServer,
  operation: string,
  work: Work<T>,
): Promise<Reached<T> | { readonly kind: 'missing' }> {
  return reach.asKept(server, { operation, connectTimeoutMs: UPSTREAM_SEARCH_CONNECT_TIMEOUT_MS }, work);
}

/**
 * As `requestList`, and waits no longer than UPSTREAM_SEARCH_CONNECT_TIMEOUT_MS for all of it.
 * One server that fails, hangs or wants the user so leaves the others usable.
 */
export async function listOrReason<T>(
  reach: Reach,
  server: AnyServer,
  operation: string,
  work: Work<T>,
): Promise<ListOrReason<T>> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<ListOrReason<T>>((resolve) => {
    const late = leftOut('upstream_unreachable');
    timer = setTimeout(resolve, UPSTREAM_SEARCH_CONNECT_TIMEOUT_MS, late);
  });
  const asked = requestList(reach, server, operation, work).then(
    (reached): ListOrReason<T> =>
      reached.kind === 'done' ? { kind: 'listed', list: reached.value } : leftOut('requires_auth'),
  );
  try {
    return await Promise.race([asked, tooLate]);
  } catch (error) {
    if (error instanceof BrokerError) return leftOut(error.code);
    if (error instanceof RefusedError) return leftOut('requires_auth');
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function leftOut(reason: string): { readonly kind: 'left_out'; readonly reason: string } {
  return { kind: 'left_out', reason };
}
