/** The pages in a real browser: by keyboard, on a phone, in the dark, and with a browser's own rules on cookies and origins. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM_OPTIONS, hasChromium, inChromium } from '../../support/chromium.js';
import { foreignServer, listenerOf, servedPort } from './listeners.js';
import { until } from './requests.js';
import { createStandInBroker, FORM_TOKEN, RELAY_TOKEN, type StandInBroker } from './stand-in-broker.js';

const FORM = `/connect/${FORM_TOKEN}`;

describe.skipIf(!hasChromium)(inChromium, () => {
  let browser: Browser;
  const consoleErrors: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch(CHROMIUM_OPTIONS);
  });
  afterAll(async () => browser?.close());
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    // A style or form that the policy blocks, a mistake in the markup: Chromium says so.
    expect(consoleErrors.splice(0).filter((text) => !text.startsWith('Failed to load resource'))).toEqual([]);
  });

  async function open(
    path: string,
    options: { standIn?: StandInBroker; context?: BrowserContextOptions } = {},
  ): Promise<{ page: Page; standIn: StandInBroker; origin: string }> {
    const standIn = options.standIn ?? createStandInBroker();
    const origin = `http://127.0.0.1:${await servedPort(listenerOf(standIn))}`;
    const context = await browser.newContext(options.context);
    const page = await context.newPage();
    page.on('console', (message) => message.type() === 'error' && consoleErrors.push(message.text()));
    await page.goto(origin + path);
    return { page, standIn, origin };
  }

  async function authorizationServer(): Promise<string> {
    return `http://127.0.0.1:${await foreignServer((_, response) => response.end('Sign in here'))}/authorize?state=s1`;
  }

  it('a client is set up by keyboard alone, and the sign-in goes on from there', async () => {
    const { page, standIn } = await open(FORM);
    const continueUrl = await authorizationServer();
    standIn.submitted = { kind: 'done', serverName: 'linear', continueUrl };
    await tabTo(page, 'clientId');
    await page.keyboard.type('client-1');
    await page.keyboard.press('Tab');
    await page.keyboard.type('secret-1');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type('read');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Saved. One step left' }).waitFor();
    expect({ ...standIn.calls.submissions[0] }).toMatchObject({
      clientId: 'client-1',
      clientSecret: 'secret-1',
      scope: 'read',
    });
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL(continueUrl);
  });

  it('a mistake takes the focus, and leads to its field', async () => {
    const standIn = createStandInBroker();
    standIn.form = { problem: 'The scope is not known there.', problemField: 'scope' };
    const { page } = await open(FORM, { standIn });
    expect(await page.title()).toMatch(/^Error: /u);
    expect(await page.evaluate('document.activeElement?.className')).toBe('problem');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.type('x');
    expect(await page.locator('#scope').inputValue()).toBe('x');
  });

  it('the manual form shows the fields of what was chosen, by keyboard', async () => {
    const standIn = createStandInBroker();
    standIn.form = { form: 'manual' };
    const { page } = await open(FORM, { standIn });
    expect([await page.locator('#token').isVisible(), await page.locator('#tokenEndpoint').isVisible()]).toEqual([
      true,
      false,
    ]);
    await page.locator('[value=token]').focus();
    await page.keyboard.press('ArrowDown');
    expect([await page.locator('#token').isVisible(), await page.locator('#tokenEndpoint').isVisible()]).toEqual([
      false,
      true,
    ]);
    await tabTo(page, 'authorizationEndpoint');
    await page.keyboard.type('https://as.example/authorize');
    await page.keyboard.press('Enter');
    await until(() => standIn.calls.submissions.length === 1);
    expect({ ...standIn.calls.submissions[0] }).toMatchObject({
      choice: 'endpoints',
      authorizationEndpoint: 'https://as.example/authorize',
    });
  });

  it('a link from a chat in the browser opens the form, and opens it again', async () => {
    const { page, origin } = await open('/');
    const chatPort = await foreignServer((_, response) =>
      response.setHeader('content-type', 'text/html').end(`<title>Chat</title><a href="${origin}${FORM}">form</a>`),
    );
    const chat = `http://localhost:${chatPort}/`;
    await page.goto(chat);
    await page.getByRole('link', { name: 'form' }).click();
    await page.getByLabel('Client ID').waitFor();
    await page.goto(chat);
    await page.getByRole('link', { name: 'form' }).click();
    // A Strict cookie stays at home when another site leads here; our own link brings it along.
    await page.getByRole('link', { name: 'open the page again' }).click();
    await page.getByLabel('Client ID').fill('client-1');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Saved for linear' }).waitFor();
  });

  it('T82 a form that another site posts with its cookies is refused', async () => {
    const { page, standIn, origin } = await open(FORM);
    const evilPort = await foreignServer((_, response) =>
      response
        .setHeader('content-type', 'text/html')
        .end(
          `<title>Evil</title><form method="post" action="${origin}${FORM}"><input name="csrf" value="csrf-of-this-form"><button>Win</button></form>`,
        ),
    );
    await page.goto(`http://localhost:${evilPort}/`);
    await page.getByRole('button').click();
    await page.getByRole('heading', { name: 'This was not sent from our page' }).waitFor();
    expect(standIn.calls.submissions).toEqual([]);
  });

  it('T83 no page lets itself be framed', async () => {
    const { page, origin } = await open('/');
    const evilPort = await foreignServer((_, response) =>
      response
        .setHeader('content-type', 'text/html')
        .end(`<title>Evil</title><iframe src="${origin}/oauth/callback?state=x"></iframe>`),
    );
    await page.goto(`http://localhost:${evilPort}/`);
    await until(() =>
      consoleErrors.splice(0).some((text) => text.includes('frame-ancestors') || text.includes('X-Frame-Options')),
    );
    expect(await page.frameLocator('iframe').locator('main').count()).toBe(0);
  });

  it('the page before a relay goes on by one key', async () => {
    const { page, standIn } = await open(`/go/${RELAY_TOKEN}`);
    standIn.authorizationUrl = await authorizationServer();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL(standIn.authorizationUrl);
    expect(standIn.calls.launches.map(({ confirmed }) => confirmed)).toEqual([false, true]);
    expect(
      (await page.context().cookies()).map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite })),
    ).toEqual([{ name: 'launch-browser', httpOnly: true, sameSite: 'Lax' }]);
  });

  const PAGES: readonly (readonly [string, string, (standIn: StandInBroker) => void])[] = [
    ['connected', '/cb?state=state-1', () => {}],
    [
      'failed',
      '/cb?state=state-1',
      (standIn) => (standIn.callback = { kind: 'failed', serverName: 'linear', message: 'The sign-in was refused.' }),
    ],
    ['refused', '/cb?state=x', () => {}],
    ['launch', `/go/${RELAY_TOKEN}`, () => {}],
    [
      'client',
      FORM,
      (standIn) => (standIn.form = { consoleUrl: 'https://as.example/apps', problem: 'Enter the client ID.' }),
    ],
    ['key', FORM, (standIn) => (standIn.form = { form: 'key' })],
    [
      'manual',
      FORM,
      (standIn) => (standIn.form = { form: 'manual', problem: 'Enter the URL.', problemField: 'tokenEndpoint' }),
    ],
  ];

  it.each(PAGES)(
    'the %s page reads well in light and dark, and fits a phone of 320 px with a name of 64 characters',
    async (_, path, prepare) => {
      const standIn = createStandInBroker();
      standIn.serverName = 'W'.repeat(64);
      prepare(standIn);
      const { page } = await open(path, { standIn, context: { viewport: { width: 320, height: 640 } } });
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(
          colorScheme === 'light' ? 'rgb(244, 245, 242)' : 'rgb(15, 20, 18)',
        );
        expect(await page.evaluate(FAINT_TEXTS)).toEqual([]);
      }
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
      expect(await page.evaluate(UNNAMED_CONTROLS)).toEqual([]);
      expect(await page.locator('html').getAttribute('lang')).toBe('en');
      expect(await page.getByRole('main').count()).toBe(1);
      expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
    },
  );
});

/** Moves on by Tab until the element with this id has the focus. */
async function tabTo(page: Page, id: string): Promise<void> {
  for (let presses = 0; presses < 20; presses += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate('document.activeElement?.id')) === id) return;
  }
  throw new Error(`#${id} cannot be reached by keyboard.`);
}

/** Texts whose contrast with what is behind them is under 4.5 : 1 (WCAG 2.2, 1.4.3). */
const FAINT_TEXTS = `(() => {
  const channels = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color).slice(0, 3).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor;
      if ((channels(color)[3] ?? 1) === 1) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const texts = [...document.querySelectorAll('body *')].filter((element) => element.checkVisibility() && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''));
  if (texts.length < 4) return ['too few texts were looked at'];
  return texts.flatMap((element) => {
    const [low, high] = [luminance(getComputedStyle(element).color), luminance(behind(element))].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    return ratio < 4.5 ? [element.textContent.trim().slice(0, 40) + ' ' + ratio.toFixed(2)] : [];
  });
})()`;

/** Inputs without a label, and controls too small for a finger (WCAG 2.2, 2.5.8). */
const UNNAMED_CONTROLS = `[...document.querySelectorAll('input:not([type=hidden]), button, a.button, summary')].filter((element) => element.checkVisibility()).flatMap((element) => {
  const hasName = element.matches('input') ? element.labels.length === 1 && element.labels[0].textContent.trim() !== '' : element.textContent.trim() !== '';
  const target = element.type === 'radio' ? element.labels[0] : element;
  return hasName && target.getBoundingClientRect().height >= 40 ? [] : [element.outerHTML];
})`;
