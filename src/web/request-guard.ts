/** What every form of ours asks of the request that brings it: our own origin, the right type, few fields, each once. */
import { FORM_MAX_BYTES, FORM_MAX_FIELDS } from '../core/limits.js';
import { readBounded } from './form-body.js';
import { sendPage } from './page-response.js';
import { forbiddenPage } from './pages/outcome-pages.js';
import type { WebContext } from './web-context.js';

export type SentFields = Readonly<Record<string, string>>;

/** How much a form may bring. */
export interface FormBounds {
  readonly maxBytes: number;
  readonly maxFields: number;
}

const FEW: FormBounds = { maxBytes: FORM_MAX_BYTES, maxFields: FORM_MAX_FIELDS };

/**
 * The fields of a form that our page sent, or the answer that refuses it: 403 from another origin or without a CSRF
 * token (whether it is the right one, the broker knows), 413 for too long a body, 415 for another type.
 */
export async function sentFields(c: WebContext, { maxBytes, maxFields } = FEW): Promise<SentFields | Response> {
  if (!isFromOurPage(c)) return sendPage(c, forbiddenPage(), 403);
  const [mediaType = ''] = (c.req.header('content-type') ?? '').split(';');
  if (mediaType.trim().toLowerCase() !== 'application/x-www-form-urlencoded')
    return c.text('Unsupported media type\n', 415);
  const body = await readBounded(c.req.raw.body, maxBytes);
  if (body === undefined) return c.text('Content too large\n', 413);
  const fields = fieldsOf(body, maxFields);
  if (fields === undefined) return c.text('Bad request\n', 400);
  if ((fields['csrf'] ?? '') === '') return sendPage(c, forbiddenPage(), 403);
  return fields;
}

/** A visit, as opposed to an image, a frame or a script that another page puts there. */
export function isDocumentRequest(c: WebContext): boolean {
  return (c.req.header('sec-fetch-dest') ?? 'document') === 'document';
}

/** A browser names the origin of a form it posts; what names none has to bring the cookie, which no other site can. */
function isFromOurPage(c: WebContext): boolean {
  const origin = c.req.header('origin');
  if ((c.req.header('sec-fetch-site') ?? 'same-origin') !== 'same-origin') return false;
  return origin === undefined ? c.req.header('cookie') !== undefined : origin === new URL(c.req.url).origin;
}

/** The fields by name; `undefined` where there are too many, or one is there twice and so has no one value. */
function fieldsOf(body: string, maxFields: number): SentFields | undefined {
  const entries = [...new URLSearchParams(body)];
  const isUnambiguous = new Set(entries.map(([name]) => name)).size === entries.length;
  if (entries.length > maxFields || !isUnambiguous) return undefined;
  return Object.assign(Object.create(null) as Record<string, string>, Object.fromEntries(entries));
}
