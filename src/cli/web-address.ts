/**
 * The only URLs that are shown as links or handed to a browser: http(s), a plain host, no user or password, nothing
 * that a shell or a terminal could take for something else. Whether the address may be visited at all, the broker has decided.
 */

const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])$/u;
const PRINTABLE = /^[\x21-\x7e]+$/u;
/** Never left unescaped in a URL that is written as WHATWG does; a shell would act on them. */
const SHELL_CHARACTERS = /["'`<>\\^{|}]|\$\(/gu;

/** The URL in its canonical form, or undefined where it is none that a browser may be given. */
export function webAddress(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, username, password, href } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') return undefined;
  if (!HOST.test(hostname) || username !== '' || password !== '') return undefined;
  if (!PRINTABLE.test(href)) return undefined;
  return href.replace(SHELL_CHARACTERS, percentEncoded);
}

function percentEncoded(text: string): string {
  return [...text]
    .map((character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}
