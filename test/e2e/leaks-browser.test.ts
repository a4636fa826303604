/**
 * What a real browser keeps and passes on of a sign-in and of a key that was typed: its history, the referrers that it
 * sends, its pages, its storage, and every file of its profile on disk.
 */
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import { CHROMIUM_OPTIONS, hasChromium, inChromium } from '../support/chromium.js';
import { composedBroker } from '../support/composed-broker.js';
import { listenOnLoopback } from '../support/loopback-http.js';
import { filesOf, findSecrets } from '../support/secret-scan.js';
import { createStage } from '../support/stage.js';
import { openStoredGrants } from '../support/stored-grants.js';

const KEY = 'canary-typed-key-0123456789';
const MISTYPED = 'canary-mistaken-key-0123456789';
const TIMEOUT_MS = 240_000;
const PATIENCE_MS = 60_000;

const stage = createStage();
afterEach(() => stage.close());

interface Watched {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Every address that the browser went to. */
  readonly history: readonly string[];
  /** Every referrer that it sent along, to whomever. */
  readonly referrers: readonly string[];
  readonly profile: string;
}

async function browser(): Promise<Watched> {
  const profile = (await stage.home()).path;
  const context = await chromium.launchPersistentContext(profile, CHROMIUM_OPTIONS);
  stage.keep({ close: () => context.close() });
  context.setDefaultTimeout(PATIENCE_MS);
  const [page = await context.newPage()] = context.pages();
  const history: string[] = [];
  const referrers: string[] = [];
  page.on('framenavigated', (frame) => void history.push(frame.url()));
  context.on('request', (request) => {
    const { referer } = request.headers();
    if (referer !== undefined) referrers.push(referer);
  });
  return { context, page, history, referrers, profile };
}

/** A page of somebody else's, which sees what the browser tells of the page before. */
async function foreignPage() {
  const referers: (string | undefined)[] = [];
  const server = await listenOnLoopback((request, response) => {
    referers.push(request.headers.referer);
    response.setHeader('content-type', 'text/html').end('<title>Elsewhere</title><h1>Elsewhere</h1>');
  });
  return stage.keep({ ...server, referers });
}

const storageOf = (page: Page): Promise<string> =>
  page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, document.referrer])');

describe.skipIf(!hasChromium)(inChromium, () => {
  it('T48 a sign-in from the short address leaves no secret behind, and the code in the history is dead', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const authorizationServer = await stage.authorizationServer();
    const server = await stage.server({ authorizationServer });
    const elsewhere = await foreignPage();
    const home = await stage.home();
    const agent = await stage.agent({ home });
    const asked = await agent.connect('mail', { url: server.url });
    const { context, page, history, referrers, profile } = await browser();

    await page.goto(String(asked.launchUrl));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByRole('heading', { name: 'You are connected to mail' }).waitFor();
    const callbackUrl = page.url();
    const pages = [await page.content(), await storageOf(page)];
    await page.evaluate(`location.assign(${JSON.stringify(elsewhere.origin)})`);
    await page.getByRole('heading', { name: 'Elsewhere' }).waitFor();
    expect(await agent.connect('mail')).toMatchObject({ status: 'success' });

    expect(elsewhere.referers[0]).toBeUndefined();
    const [{ code = '', code_verifier: verifier = '' } = {}] = authorizationServer
      .requests('token')
      .map(({ parameters }) => parameters);
    const grant = await stage.keep(await openStoredGrants(home)).find('mail');
    const lasting = {
      token: [grant?.value.accessToken ?? '', grant?.value.refreshToken ?? ''],
      verifier: [verifier],
    };
    const secrets = { ...lasting, code: [code] };
    const sent = authorizationServer.requests().map(({ headers }) => headers.referer ?? '');
    expect(
      findSecrets(secrets, {
        pages: pages.join('\n'),
        referrers: [...referrers, ...sent].join('\n'),
        cookies: JSON.stringify(await context.cookies()),
      }),
    ).toEqual([]);
    expect(findSecrets(lasting, { history: history.join('\n') })).toEqual([]);
    expect(history.filter((url) => url.includes(code))).toEqual([callbackUrl]);

    expect(await agent.connect('mail', { callbackUrl })).toMatchObject({ status: 'error', code: 'state_invalid' });
    expect(authorizationServer.requests('token')).toHaveLength(1);
    await page.goto(callbackUrl);
    await page.getByRole('heading', { name: 'You are connected' }).waitFor({ state: 'detached' });
    expect(await agent.callTool('mail', 'whoami')).toMatchObject({ isOurs: false });

    await context.close();
    expect(findSecrets(lasting, await filesOf(profile))).toEqual([]);
  });

  it('a key that was typed is on no page afterwards, however the user goes back and forth, and in no file of the browser', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const server = await stage.server();
    const elsewhere = await foreignPage();
    const agent = await stage.agent();
    const formOf = async () => String((await agent.connect('keyed', { url: server.url, authType: 'api_key' })).authUrl);
    const { context, page, history, referrers, profile } = await browser();
    const pages: string[] = [];
    const keep = async () => void pages.push(await page.content(), await storageOf(page));
    const send = async (key: string) => {
      await page.locator('#key').fill(key);
      await page.keyboard.press('Enter');
    };

    await page.goto(await formOf());
    await page.evaluate(`location.assign(${JSON.stringify(elsewhere.origin)})`);
    await page.getByRole('heading', { name: 'Elsewhere' }).waitFor();

    await page.goto(await formOf());
    server.bend({ endpoint: 'mcp', respond: { status: 401 } });
    await send(MISTYPED);
    await page.locator('.problem').waitFor();
    await keep();
    await page.reload();
    expect(await page.locator('#key').inputValue()).toBe('');
    server.straighten();
    await send(KEY);
    await page.getByRole('heading', { name: 'Saved for keyed' }).waitFor();
    await keep();
    expect(await agent.connect('keyed')).toMatchObject({ status: 'success', authType: 'api_key' });
    // Nobody serves the page any more, or says that it is gone; a browser would write down what it sends again.
    for (const move of ['reload', 'goBack', 'goForward', 'reload'] as const) {
      await page[move]().catch(() => undefined);
      pages.push(await page.content());
      if ((await page.locator('#key').count()) > 0) expect(await page.locator('#key').inputValue()).toBe('');
    }

    expect(elsewhere.referers[0]).toBeUndefined();
    expect(server.requests('mcp').some(({ headers }) => headers['x-api-key'] === KEY)).toBe(true);
    const cookies = await context.cookies();
    const places = {
      pages: pages.join('\n'),
      history: history.join('\n'),
      referrers: referrers.join('\n'),
      cookies: JSON.stringify(cookies),
    };
    const secrets = { key: [KEY], 'mistyped key': [MISTYPED] };
    expect(findSecrets(secrets, places)).toEqual([]);
    for (const { httpOnly, sameSite } of cookies)
      expect({ httpOnly, sameSite }).toEqual({ httpOnly: true, sameSite: 'Strict' });

    await context.close();
    expect(findSecrets(secrets, await filesOf(profile))).toEqual([]);
  });

  it('nor is a key that was typed on the accounts page, taken or not', { timeout: TIMEOUT_MS }, async () => {
    const server = await stage.server();
    const entry = { url: server.url, auth: 'bearer', credentialMode: 'per_agent' };
    const broker = stage.keep(await composedBroker({ home: await stage.home({ mcpServers: { keyed: entry } }) }));
    const opened = await broker.broker.openAccounts(broker.principal);
    if (opened.status !== 'success') throw new Error(opened.error);
    const { context, page, history, referrers, profile } = await browser();
    const keyPage = `${opened.url}/agents?server=keyed`;
    const send = async (key: string) => {
      await page.getByLabel('Token for').fill(key);
      await page.keyboard.press('Enter');
    };
    const pages: string[] = [];
    const goBackAndForth = async () => {
      for (const move of ['reload', 'goBack', 'goForward', 'reload'] as const) {
        await page[move]();
        pages.push(await page.content(), await storageOf(page));
        const field = page.getByLabel('Token for');
        if ((await field.count()) > 0) expect(await field.inputValue()).toBe('');
      }
    };

    await page.goto(opened.url);
    await page.goto(keyPage);
    server.bend({ endpoint: 'mcp', respond: { status: 401 } });
    await send(MISTYPED);
    await page.getByRole('heading', { name: 'That did not work for keyed' }).waitFor();
    await goBackAndForth();
    await page.getByText('The server does not take it. Nothing was changed.').waitFor();
    server.straighten();
    await page.getByRole('link', { name: 'Back to keyed' }).click();
    await send(KEY);
    await page.getByRole('heading', { name: 'keyed is connected' }).waitFor();
    await goBackAndForth();
    await page.getByRole('heading', { name: 'keyed is connected' }).waitFor();

    const tried = server.requests('mcp').map(({ headers }) => headers.authorization);
    for (const key of [MISTYPED, KEY]) expect(tried).toContain(`Bearer ${key}`);
    const secrets = { key: [KEY], 'mistyped key': [MISTYPED] };
    const places = { pages: pages.join('\n'), history: history.join('\n'), referrers: referrers.join('\n') };
    expect(findSecrets(secrets, places)).toEqual([]);
    await context.close();
    expect(findSecrets(secrets, await filesOf(profile))).toEqual([]);
  });
});
