/** What was done for this user, newest first: their own entries of the audit log. */
import type { Broker } from '../broker/broker.js';
import { ACTIVITY_PAGES_MAX, ACTIVITY_PER_PAGE } from '../core/limits.js';
import { visiting } from './accounts-entrance.js';
import { sendPage } from './page-response.js';
import { goBack, problemPage } from './pages/accounts-outcome-pages.js';
import { activityPage } from './pages/activity-page.js';
import type { WebContext } from './web-context.js';

export async function showActivity(c: WebContext, broker: Broker): Promise<Response> {
  return visiting(c, broker, async ({ principal, token }) => {
    const page = pageNumber(c.req.query('page'));
    // One more than is shown tells whether there is another page.
    const trail = await broker.auditTrail(principal, { ownOnly: true, limit: page * ACTIVITY_PER_PAGE + 1 });
    if ('status' in trail) return sendPage(c, problemPage(goBack(token), trail), 500);
    const newestFirst = [...trail.entries].reverse();
    const entries = newestFirst.slice((page - 1) * ACTIVITY_PER_PAGE, page * ACTIVITY_PER_PAGE);
    const hasOlder = newestFirst.length > page * ACTIVITY_PER_PAGE && page < ACTIVITY_PAGES_MAX;
    return sendPage(c, activityPage({ token, entries, page, hasOlder, isBroken: trail.chain.state === 'broken' }));
  });
}

function pageNumber(text: string | undefined): number {
  return Math.min(/^[1-9]\d{0,3}$/u.test(text ?? '') ? Number(text) : 1, ACTIVITY_PAGES_MAX);
}
