/**
 * The routes of the loopback listener and the rules that hold for all of them.
 * An answer to a sign-in may come at any path, since an explicit redirect URI has the path it has.
 */
import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono, type Next } from 'hono';
import type { Broker } from '../broker/broker.js';
import type { Log } from '../core/log.js';
import {
  askToDisconnect,
  askToRemove,
  connectFromAccounts,
  disconnectFromAccounts,
  removeFromAccounts,
  showAccounts,
} from './accounts.js';
import { showActivity } from './activity.js';
import { chooseTools, showAgents, showKeyAnswer, storeAgentKey } from './agents.js';
import { answerCallback, isAuthorizationResponse } from './callback.js';
import { openConnectForm, submitConnectForm } from './connect-form.js';
import { answerHealth } from './health.js';
import { openLaunch } from './launch.js';
import { sendPage } from './page-response.js';
import { brokenPage, notFoundPage } from './pages/outcome-pages.js';
import { showProviders } from './providers.js';
import { SECURITY_HEADERS } from './security-headers.js';
import { HEALTH_PATH } from './vault-peer.js';
import type { WebContext, WebEnv } from './web-context.js';

export interface WebOptions {
  readonly broker: () => Broker;
  readonly log: Log;
}

const FORM_PATH = '/connect/:token{[\\w.~-]{1,256}}';
const ACCOUNTS_PATH = '/accounts/:token{[\\w.~-]{1,256}}';
const KEY_PATH = `${ACCOUNTS_PATH}/key`;
const LAUNCH_PATH = '/go/:token{[\\w.~-]{1,256}}';

/** A node:http listener that answers every request of a bound address. */
export function createResponder(options: WebOptions): RequestListener {
  const app = createApp(options);
  return getRequestListener((request, env) => app.fetch(request, env), {
    overrideGlobalObjects: false,
    // What is no request at all, such as an impossible target.
    errorHandler: () => new Response('Bad request\n', { status: 400, headers: SECURITY_HEADERS }),
  });
}

function createApp({ broker, log }: WebOptions): Hono<WebEnv> {
  const app = new Hono<WebEnv>();
  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS))
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  });
  for (const path of [FORM_PATH, KEY_PATH]) app.use(path, answerOnAnotherPage);
  app.post(FORM_PATH, (c) => submitConnectForm(c, broker()));
  app.post(`${ACCOUNTS_PATH}/connect`, (c) => connectFromAccounts(c, broker()));
  app.post(`${ACCOUNTS_PATH}/disconnect`, (c) => disconnectFromAccounts(c, broker()));
  app.post(`${ACCOUNTS_PATH}/remove`, (c) => removeFromAccounts(c, broker()));
  app.post(`${ACCOUNTS_PATH}/tools`, (c) => chooseTools(c, broker()));
  app.post(KEY_PATH, (c) => storeAgentKey(c, broker()));
  app.use(async (c, next) => {
    // Hono would answer HEAD by running the GET, and with it use up what only a person's visit may use up.
    if (c.req.method !== 'GET') return c.text('Method not allowed\n', 405, { allow: 'GET' });
    if (isSpeculative(c)) return c.text('Not before it is visited\n', 503);
    return next();
  });
  app.get(HEALTH_PATH, (c) => answerHealth(c, broker()));
  app.use(async (c, next) => (isAuthorizationResponse(c) ? answerCallback(c, broker()) : next()));
  app.get(LAUNCH_PATH, (c) => openLaunch(c, broker()));
  app.get(FORM_PATH, (c) => openConnectForm(c, broker()));
  app.get(ACCOUNTS_PATH, (c) => showAccounts(c, broker()));
  app.get(`${ACCOUNTS_PATH}/disconnect`, (c) => askToDisconnect(c, broker()));
  app.get(`${ACCOUNTS_PATH}/remove`, (c) => askToRemove(c, broker()));
  app.get(`${ACCOUNTS_PATH}/agents`, (c) => showAgents(c, broker()));
  app.get(KEY_PATH, (c) => showKeyAnswer(c, broker()));
  app.get(`${ACCOUNTS_PATH}/providers`, (c) => showProviders(c, broker()));
  app.get(`${ACCOUNTS_PATH}/activity`, (c) => showActivity(c, broker()));
  app.notFound((c) => sendPage(c, notFoundPage(), 404));
  app.onError((error, c) => {
    log.error({ err: error, path: c.req.routePath }, 'a page of the loopback listener failed');
    return sendPage(c, brokenPage(), 500);
  });
  return app;
}

/**
 * A page that says that the form is over, or that something failed, is reloaded as any other: then the browser would
 * send again what was typed, and write it into its files. So that page is one of its own as well.
 */
async function answerOnAnotherPage(c: WebContext, next: Next): Promise<void> {
  await next();
  if (c.req.method !== 'POST' || (c.res.status !== 404 && c.res.status !== 500)) return;
  c.res = c.redirect(c.req.path, 303);
}

/** A browser that fetches a page before its user has decided to visit it. */
function isSpeculative(c: WebContext): boolean {
  return ['sec-purpose', 'purpose', 'x-moz'].some((name) =>
    /prefetch|prerender|preview/iu.test(c.req.header(name) ?? ''),
  );
}
