/**
 * A scripted browser: follows redirects, keeps cookies, and signs in at the authorization server of the tests.
 * It goes to loopback only, so that no test can reach the outside by a wrong URL.
 */
import { CookieJar } from './cookie-jar.js';
import { firstForm, type HtmlForm } from './html-form.js';

export interface VisitOptions {
  /** Default a fresh one: a browser that has never been here. */
  readonly cookieJar?: CookieJar;
  /** Who signs in. Default `alice`. */
  readonly user?: string;
  /** Refuses at the first form that asks. */
  readonly deny?: boolean;
  /** The page is returned with its form unsubmitted. */
  readonly submitForms?: boolean;
  /** A redirect to a URL that this accepts is not followed; it becomes `finalUrl`. For the callback that a user pastes back. */
  readonly stopBefore?: (url: URL) => boolean;
}

export interface Page {
  readonly finalUrl: string;
  /** 0 where the last redirect was not followed. */
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  readonly cookieJar: CookieJar;
}

interface Step {
  readonly url: URL;
  readonly form?: URLSearchParams;
}

const MAX_STEPS = 25;
/** The only script that is run. */
const SUBMITS_ITSELF = 'document.forms[0].submit()';
const LOOPBACK_HOSTS = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Matches the broker's callback: for `stopBefore` where the URL is to be pasted back. */
export const isCallback = (url: URL): boolean => url.pathname.includes('/oauth/callback');

/** Opens a URL and goes on until there is nothing to follow or submit. */
export async function visit(url: string | URL, options: VisitOptions = {}): Promise<Page> {
  return browse({ url: new URL(url) }, options);
}

/** Submits the form of a page with these fields, over the values that it already has. */
export async function submitForm(
  page: Page,
  fields: Readonly<Record<string, string>>,
  options: VisitOptions = {},
): Promise<Page> {
  const form = firstForm(page.body);
  if (!form) throw new Error(`There is no form at ${page.finalUrl}`);
  return browse(submission(form, page.finalUrl, fields), { submitForms: false, ...options, cookieJar: page.cookieJar });
}

async function browse(first: Step, options: VisitOptions): Promise<Page> {
  const cookieJar = options.cookieJar ?? new CookieJar();
  let step = first;
  for (let count = 0; count < MAX_STEPS; count += 1) {
    const response = await load(step, cookieJar);
    const body = await response.text();
    const next = nextStep(response, body, step, options);
    if (!next) return { finalUrl: step.url.href, status: response.status, headers: response.headers, body, cookieJar };
    if (!next.form && options.stopBefore?.(next.url)) {
      return { finalUrl: next.url.href, status: 0, headers: new Headers(), body: '', cookieJar };
    }
    step = next;
  }
  throw new Error(`More than ${MAX_STEPS} steps from ${first.url.origin}`);
}

async function load({ url, form }: Step, cookieJar: CookieJar): Promise<Response> {
  if (!LOOPBACK_HOSTS.has(url.hostname)) throw new Error(`Not on loopback: ${url.host}`);
  const cookie = cookieJar.headerFor(url);
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { ...(cookie && { cookie }), ...(form && { origin: url.origin }) },
    ...(form && { method: 'POST', body: form }),
  });
  cookieJar.keep(url, response.headers.getSetCookie());
  return response;
}

function nextStep(response: Response, body: string, { url }: Step, options: VisitOptions): Step | undefined {
  const location = response.headers.get('location');
  if (location !== null && response.status >= 300 && response.status < 400) return { url: new URL(location, url) };
  const form = options.submitForms === false || response.status >= 400 ? undefined : firstForm(body);
  if (form && body.includes(SUBMITS_ITSELF)) return submission(form, url.href, {});
  if (!form?.buttons.some(({ name }) => name === 'decision')) return undefined;
  return submission(form, url.href, {
    ...('login' in form.fields && { login: options.user ?? 'alice' }),
    decision: options.deny ? 'deny' : 'allow',
  });
}

function submission(form: HtmlForm, pageUrl: string, fields: Readonly<Record<string, string>>): Step {
  const url = new URL(form.action || pageUrl, pageUrl);
  const values = new URLSearchParams({ ...form.fields, ...fields });
  if (form.method === 'POST') return { url, form: values };
  url.search = values.toString();
  return { url };
}
