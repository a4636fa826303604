/** Sends a page with the policy that fits it, and the cookies that bind a browser. */
import { setCookie } from 'hono/cookie';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { BindingCookie } from '../broker/browser-results.js';
import { type Page, renderDocument, stylesheetHash } from './layout.js';
import type { WebContext } from './web-context.js';

/** The page as a whole HTML document. Its style is allowed by its hash; script, image and frame are not allowed at all. */
export async function sendPage(c: WebContext, page: Page, status: ContentfulStatusCode = 200): Promise<Response> {
  const policy = [
    "default-src 'none'",
    `style-src '${stylesheetHash()}'`,
    page.hasForm ? "form-action 'self'" : "form-action 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  // With no-referrer a browser posts a form with `Origin: null`; same-origin tells other sites as little.
  const referrerPolicy = page.hasForm ? 'same-origin' : 'no-referrer';
  return c.html(renderDocument(page), status, {
    'content-security-policy': policy.join('; '),
    'referrer-policy': referrerPolicy,
  });
}

/** Binds this browser; script cannot read the cookie. (No `Secure`: loopback is plain http.) */
export function setBindingCookie(
  c: WebContext,
  cookie: BindingCookie,
  scope: { readonly sameSite: 'Lax' | 'Strict'; readonly path: string },
): void {
  setCookie(c, cookie.name, cookie.value, {
    httpOnly: true,
    sameSite: scope.sameSite,
    path: scope.path,
    maxAge: cookie.maxAgeSeconds,
  });
}
