/**
 * The headers of every answer. No cross-origin header is ever among them: no other site reads what we say.
 */

/** For answers without a page; a page brings its own, wider policy. */
export const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
  'cache-control': 'no-store',
  // One request on each connection: a browser comes once, and an idle connection is only in the way.
  connection: 'close',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;
