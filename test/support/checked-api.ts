/**
 * An HTTP API on 127.0.0.1 behind bearer tokens, as the programs of users call one.
 * It asks whose a token is when it comes, and remembers every token that it was sent.
 */
import { sendAnswer } from './answers.js';
import { listenOnLoopback } from './loopback-http.js';

export interface ApiCall {
  readonly path: string;
  /** Undefined where there was none. */
  readonly token: string | undefined;
  /** Whose it was when it came; undefined where it was not valid then. */
  readonly subject: string | undefined;
}

export interface CheckedApi {
  readonly origin: string;
  /** Oldest first. */
  calls(): readonly ApiCall[];
  /** The next answer waits for this; the token has been looked at by then. */
  holdNext(until: Promise<unknown>): void;
  close(): Promise<void>;
}

/**
 * @param subjectOf whose the token is, if it is good now
 * @param answerTo what a good token gets, as JSON. Others get 401.
 */
export async function startCheckedApi(
  subjectOf: (token: string) => Promise<string | undefined>,
  answerTo: (subject: string, path: string) => Readonly<Record<string, unknown>>,
): Promise<CheckedApi> {
  const calls: ApiCall[] = [];
  let hold: Promise<unknown> | undefined;
  const server = await listenOnLoopback(async (request, response) => {
    const path = request.url ?? '/';
    const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    const subject = token === undefined ? undefined : await subjectOf(token);
    calls.push({ path, token, subject });
    const held = hold;
    hold = undefined;
    await held;
    if (subject === undefined) return sendAnswer(response, { status: 401, body: { message: '401 Unauthorized' } });
    sendAnswer(response, { status: 200, body: answerTo(subject, path) });
  });
  return {
    origin: server.origin,
    calls: () => calls,
    holdNext: (until) => {
      hold = until;
    },
    close: () => server.close(),
  };
}
