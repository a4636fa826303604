/** The address that a user's browser ended on, as people copy it: whole or in part, with what came along. */

export interface PastedAnswer {
  /** Of a whole URL only. */
  readonly pathname: string | undefined;
  readonly parameters: URLSearchParams;
}

/** Takes a whole URL, one without its scheme, a query, or a bare `code=…&state=…`. Nothing is decided by it yet. */
export function parsePasted(callbackUrl: string): PastedAnswer {
  const text = callbackUrl.trim().replace(/^[<"'`]+|[>"'`]+$/gu, '');
  const url = /^https?:\/\//iu.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined) return { pathname: url.pathname, parameters: url.searchParams };
  const [beforeFragment = ''] = text.split('#');
  const query = beforeFragment.indexOf('?');
  return { pathname: undefined, parameters: new URLSearchParams(beforeFragment.slice(query + 1)) };
}
