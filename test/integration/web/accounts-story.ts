/** The accounts page of a broker in this process, at its own listener, as a browser of ours sees it. */
import type { ComposedBroker } from '../../support/composed-broker.js';
import { composedBroker } from '../../support/composed-broker.js';
import type { Stage } from '../../support/stage.js';
import type { TemporaryHome } from '../../support/temporary-home.js';
import { type Answer, send } from './requests.js';

export interface AccountsStory {
  readonly source: ComposedBroker;
  readonly home: TemporaryHome;
  readonly port: number;
  /** `/accounts/<token>`. */
  readonly path: string;
  /** A GET with the cookie of the browser that opened the page, and these headers. */
  get(path?: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** A form of the page, sent as that browser would; an empty header stands for one that is not sent. */
  post(
    action: 'connect' | 'disconnect' | 'remove' | 'tools' | 'key',
    fields: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
}

export type Servers = Readonly<Record<string, unknown>>;

/** @param mcpServers of the user's file. */
export async function beginAccounts(stage: Stage, mcpServers: Servers): Promise<AccountsStory> {
  const home = await stage.home({ mcpServers });
  const source = stage.keep(await composedBroker({ home }));
  const opened = await source.broker.openAccounts(source.principal);
  if (opened.status !== 'success') throw new Error(opened.error);
  const { port, pathname } = new URL(opened.url);
  let cookie = '';
  const story: AccountsStory = {
    source,
    home,
    port: Number(port),
    path: pathname,
    get: async (path = pathname, headers = {}) => {
      const answer = await send({ port: Number(port), path, headers: sent({ cookie, ...headers }) });
      cookie = answer.headers['set-cookie']?.[0]?.split(';')[0] ?? cookie;
      return answer;
    },
    post: (action, fields, headers = {}) =>
      send({
        port: Number(port),
        path: `${pathname}/${action}`,
        method: 'POST',
        body: new URLSearchParams(fields).toString(),
        headers: sent({
          cookie,
          origin: `http://127.0.0.1:${port}`,
          'content-type': 'application/x-www-form-urlencoded',
          ...headers,
        }),
      }),
  };
  return story;
}

/** The CSRF token of a page. */
export function csrfOf(page: Answer): string {
  return /name="csrf" value="([^"]+)"/u.exec(page.body)?.[1] ?? '';
}

/** The text of a page between its tags, on one line. */
export function textOf({ body }: Answer): string {
  const content = body.slice(body.indexOf('<main'), body.indexOf('</main>'));
  return content
    .replace(/<[^>]*>/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
}

function sent(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''));
}
