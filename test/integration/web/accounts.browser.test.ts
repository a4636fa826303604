/** The accounts page in a real browser: by keyboard, light and dark, wide and narrow, and by axe-core's rules. */
import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ServerStatus } from '../../../src/broker/server-status.js';
import { listenerOf, servedPort } from './listeners.js';
import { ACCOUNTS_TOKEN, createStandInBroker } from './stand-in-broker.js';

const CHROMIUM = '/usr/bin/chromium';
const hasChromium = existsSync(CHROMIUM);
const PATH = `/accounts/${ACCOUNTS_TOKEN}`;

const SERVER = {
  source: 'user',
  authType: 'oauth2',
  requiresOAuth: true,
  credentialMode: 'per_user',
} as const satisfies Partial<ServerStatus>;

const SERVERS: readonly ServerStatus[] = [
  {
    ...SERVER,
    serverName: 'linear',
    target: 'https://mcp.linear.app/mcp',
    toolCount: 45,
    accounts: [
      {
        account: 'default',
        state: 'connected',
        scope: 'read write issues:create comments:create',
        issuer: 'https://mcp.linear.app',
        expiresAt: '2026-11-20T20:00:00.000Z',
        lastVerifiedAt: '2026-11-20T19:02:00.000Z',
      },
      {
        account: 'work@example.com',
        state: 'auth_required',
        reason: 'grant_rejected',
        issuer: 'https://mcp.linear.app',
      },
    ],
  },
  {
    ...SERVER,
    serverName: 'W'.repeat(64),
    target: `https://${'a-very-long-host-name.'.repeat(4)}example/mcp`,
    source: 'agent',
    accounts: [{ account: 'y'.repeat(64), state: 'config_required', reason: 'registration_unavailable' }],
  },
  {
    ...SERVER,
    serverName: 'render',
    target: 'https://mcp.render.com/mcp',
    authType: 'bearer',
    requiresOAuth: false,
    credentialMode: 'shared',
    accounts: [{ account: 'default', state: 'error', reason: 'upstream_unreachable' }],
  },
  {
    ...SERVER,
    serverName: 'deepwiki',
    target: 'https://mcp.deepwiki.com/mcp',
    source: 'catalog',
    authType: 'none',
    requiresOAuth: false,
    toolCount: 3,
    accounts: [{ account: 'default', state: 'connected', lastVerifiedAt: '2026-11-20T19:02:00.000Z' }],
  },
  {
    ...SERVER,
    serverName: 'sentry',
    target: 'https://mcp.sentry.dev/mcp',
    source: 'catalog',
    accounts: [{ account: 'default', state: 'not_connected' }],
  },
];

describe.skipIf(!hasChromium)(hasChromium ? 'in Chromium' : `skipped: there is no ${CHROMIUM}`, () => {
  let browser: Browser;
  const consoleErrors: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
    });
  }, 60_000);
  afterAll(async () => browser?.close());
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    expect(consoleErrors.splice(0).filter((text) => !text.startsWith('Failed to load resource'))).toEqual([]);
  });

  async function open(path = PATH, width = 1_280): Promise<{ page: Page; origin: string }> {
    const standIn = createStandInBroker();
    standIn.servers = SERVERS;
    const origin = `http://127.0.0.1:${await servedPort(listenerOf(standIn))}`;
    const page = await (await browser.newContext({ viewport: { width, height: 900 } })).newPage();
    page.on('console', (message) => message.type() === 'error' && consoleErrors.push(message.text()));
    await page.goto(origin + path);
    return { page, origin };
  }

  it.each([360, 1_280])('axe-core finds nothing at %i px, in light and dark, and nothing is cut off', async (width) => {
    const { page } = await open(PATH, width);
    for (const summary of await page.locator('summary').all()) await summary.click();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violations(page)).toEqual([]);
    }
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  });

  it.each([
    ['that asks before it disconnects', '/disconnect?server=linear&account=default'],
    ['without a match', '?q=nowhere'],
  ])('axe-core finds nothing on the page %s', async (_, path) => {
    const { page } = await open(PATH + path, 360);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violations(page)).toEqual([]);
    }
  });

  it('is filtered, connected and disconnected by keyboard alone', async () => {
    const { page, origin } = await open();
    await page.getByLabel('Find a server').focus();
    await page.keyboard.type('LINEAR');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${origin}${PATH}?q=LINEAR&show=all`);
    expect(await page.getByRole('heading', { level: 3 }).allTextContents()).toEqual(['linear']);
    await page.getByRole('button', { name: 'Reconnect linear, account work@example.com' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Sign in to linear' }).waitFor();
    await page.getByRole('link', { name: 'Back to your accounts' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Disconnect linear, account default' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Disconnect' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Disconnected from linear' }).waitFor();
  });
});

/** What axe-core has to say by WCAG 2.2 AA and its best practices, as `rule: element`. */
async function violations(page: Page): Promise<unknown> {
  await page.evaluate(axe.source);
  return page.evaluate(
    'axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ": " + node.html.slice(0, 200))))',
  );
}
