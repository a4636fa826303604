/** Where a browser may be led. */

/** Whether `url` is http or https, and so no scheme that runs something. */
export function isWebUrl(url: string): boolean {
  return URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol);
}
