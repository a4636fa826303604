/**
 * Cookies of a scripted browser: by host (ports share cookies, as in real browsers), path and name.
 */
interface Cookie {
  readonly host: string;
  readonly path: string;
  readonly name: string;
  readonly value: string;
}

export class CookieJar {
  readonly #cookies = new Map<string, Cookie>();

  /** Keeps what a response sets; an empty value or a `Max-Age` of 0 removes a cookie. */
  keep(url: URL, setCookieHeaders: readonly string[]): void {
    for (const header of setCookieHeaders) {
      const [pair = '', ...attributes] = header.split(';').map((part) => part.trim());
      const separator = pair.indexOf('=');
      const name = pair.slice(0, separator);
      const value = pair.slice(separator + 1);
      const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice('path='.length) ?? '/';
      const key = `${url.hostname} ${path} ${name}`;
      const isRemoved = value === '' || attributes.some((attribute) => /^max-age=0$/i.test(attribute));
      if (isRemoved) this.#cookies.delete(key);
      else this.#cookies.set(key, { host: url.hostname, path, name, value });
    }
  }

  /** The `Cookie` header for a request, `''` when there is nothing to send. */
  headerFor(url: URL): string {
    return [...this.#cookies.values()]
      .filter((cookie) => cookie.host === url.hostname && url.pathname.startsWith(cookie.path))
      .map((cookie) => `${cookie.name}=${cookie.value}`)
      .join('; ');
  }
}
