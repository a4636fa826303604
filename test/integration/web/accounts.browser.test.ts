/** The accounts page in a real browser: by keyboard, light and dark, wide and narrow, and by axe-core's rules. */
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM_OPTIONS, hasChromium, inChromium } from '../../support/chromium.js';
import { listenerOf, servedPort } from './listeners.js';
import { showAccounts } from './shown-accounts.js';
import { ACCOUNTS_TOKEN, createStandInBroker, type StandInBroker } from './stand-in-broker.js';

const PATH = `/accounts/${ACCOUNTS_TOKEN}`;

describe.skipIf(!hasChromium)(inChromium, () => {
  let browser: Browser;
  const consoleErrors: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch(CHROMIUM_OPTIONS);
  }, 60_000);
  afterAll(async () => browser?.close());
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    expect(consoleErrors.splice(0).filter((text) => !text.startsWith('Failed to load resource'))).toEqual([]);
  });

  async function open(path = PATH, width = 1_280): Promise<{ page: Page; origin: string; standIn: StandInBroker }> {
    const standIn = createStandInBroker();
    showAccounts(standIn);
    const origin = `http://127.0.0.1:${await servedPort(listenerOf(standIn))}`;
    const page = await (await browser.newContext({ viewport: { width, height: 900 } })).newPage();
    page.on('console', (message) => message.type() === 'error' && consoleErrors.push(message.text()));
    await page.goto(origin + path);
    return { page, origin, standIn };
  }

  const PAGES = [
    ['of all servers', ''],
    ['that asks before it disconnects', '/disconnect?server=linear&account=default'],
    ['that asks before it removes', `/remove?server=${'W'.repeat(64)}`],
    ['without a match', '?q=nowhere'],
    ['of an agent whose account is everybody’s', '/agents?server=linear&agent=claude-code'],
    ['of an agent that has to sign in', '/agents?server=own-oauth&agent=claude-code'],
    ['of an agent that needs a key', '/agents?server=own-key&agent=claude-code'],
    ['of an agent that is connected, a choice just saved', '/agents?server=own-connected&agent=cursor-vscode&saved=1'],
    ['of the providers', '/providers'],
    ['of the activity', '/activity'],
  ] as const;

  it.each(PAGES)(
    'axe-core finds nothing on the page %s, in light and dark, and nothing is cut off',
    async (_, path) => {
      const { page } = await open(PATH + path);
      for (const width of [1_280, 360]) {
        await page.setViewportSize({ width, height: 900 });
        await page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true");
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          expect(await violations(page)).toEqual([]);
          await look(page, `${path.replace(/[^a-z]+/giu, '-')}-${width}-${colorScheme}`);
        }
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      }
    },
  );

  it('T83 five hundred servers of whatever names are text, fifty to a page, and nothing else', async () => {
    const { page, standIn } = await open();
    const words = (index: number) =>
      `"><img src=x onerror=alert(1)><script>alert(${index})</script></main><base href=//evil>'\u202e${'W'.repeat(5_000)}`;
    standIn.servers = Array.from({ length: 500 }, (_, index) => ({
      serverName: `${index}${words(index)}`,
      target: `javascript:alert(${index})//${words(index)}`,
      source: 'agent',
      authType: 'oauth2',
      requiresOAuth: true,
      credentialMode: 'per_user',
      toolCount: index,
      accounts: [
        {
          account: words(index),
          state: 'connected',
          scope: words(index),
          issuer: `javascript:alert(1)${words(index)}`,
        },
      ],
    }));
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => void dialogs.push(dialog.message()));
    for (const [number, next] of [
      [1, 'Page 1 of 10'],
      [10, 'Page 10 of 10'],
    ] as const) {
      await page.goto(`${page.url().split('?')[0]}?page=${number}`);
      await page.getByText(next).waitFor();
      expect(await page.getByRole('heading', { level: 3 }).count()).toBe(50);
      expect(await page.locator('script, img, iframe, base, [onerror], a[href^="javascript:"]').count()).toBe(0);
      const text = (await page.locator('main').textContent()) ?? '';
      expect(text).not.toContain('\u202e');
      expect(text.length).toBeLessThan(256 * 1024);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(1_280);
    }
    expect(dialogs).toEqual([]);
  });

  it('lets tools be ticked by keyboard alone, each said with what the server says of it', async () => {
    const { page } = await open(`${PATH}/agents?server=own-connected&agent=cli`);
    await page.getByRole('link', { name: 'cursor-vscode' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Tools for cursor-vscode' }).waitFor();
    const box = page.getByRole('checkbox', {
      name: 'create_issue The server says: Creates an issue in a team of yours.',
    });
    expect(await box.isChecked()).toBe(true);
    await box.focus();
    await page.keyboard.press('Space');
    expect(await box.isChecked()).toBe(false);
    await page.getByRole('button', { name: 'Save', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('It holds from the next call of cursor-vscode.').waitFor();
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

/** Kept where somebody wants to see the pages: `SCREENSHOTS=folder`. */
async function look(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS'];
  if (folder !== undefined) await page.screenshot({ path: `${folder}/accounts${name}.png`, fullPage: true });
}

/** What axe-core has to say by WCAG 2.2 AA and its best practices, as `rule: element`. */
async function violations(page: Page): Promise<unknown> {
  await page.evaluate(axe.source);
  return page.evaluate(
    'axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ": " + node.html.slice(0, 200))))',
  );
}
