/**
 * A connection that outlives its sessions: it begins a new one where the server forgot the old or the
 * stream ended, asks within the session in hand, and keeps the tool list.
 */
import { abandonable } from '../core/abandonable.js';
import { type Clock, systemClock } from '../core/clock.js';
import type { Host } from '../core/host.js';
import type { Log } from '../core/log.js';
import { isHeaderMismatch, SessionGoneError, unreachable } from './answers.js';
import { throughRounds } from './input-rounds.js';
import { listResources, listResourceTemplates } from './list-resources.js';
import { headerDeclarations, parameterHeaders } from './parameter-headers.js';
import { readPrompts } from './read-prompts.js';
import { readTools } from './read-tools.js';
import type { Session } from './session.js';
import { createToolCache } from './tool-cache.js';
import type { CallOptions, UpstreamConnection, UpstreamResult } from './types.js';

export interface ConnectionOptions {
  readonly log: Log;
  readonly clock?: Clock;
  /** As in ConnectOptions. */
  readonly onToolsChanged?: () => void;
  /** As in ConnectOptions. */
  readonly host?: Host;
}

/**
 * A connection over sessions that `open` opens; the first one is open when this resolves.
 * @throws as `open` does.
 */
export async function createConnection(
  open: () => Promise<Session>,
  { log, clock = systemClock, onToolsChanged = () => {}, host }: ConnectionOptions,
): Promise<UpstreamConnection> {
  let closed = false;
  let operationsUnderWay = 0;
  let subscribed: Session | undefined;
  let session = await open();
  let reopening: Promise<Session> | undefined;

  const toolCache = createToolCache(async () => {
    const list = await withSession((current) => readTools(current, log));
    subscribeInBackground(session);
    return list;
  }, clock);

  const adopt = (opened: Session): Session => {
    session = opened;
    opened.onToolsChanged(() => {
      toolCache.markChanged();
      onToolsChanged();
    });
    return opened;
  };

  /** A modern server tells of changes on a stream that we ask for; without one, the list's age decides. */
  const subscribeInBackground = (current: Session): void => {
    if (current.era !== 'modern' || !current.tellsToolChanges || subscribed === current || closed) return;
    subscribed = current;
    current.subscribeToTools().then(
      async ({ ended }) => {
        toolCache.markWatched(true);
        await ended;
        toolCache.markWatched(false);
        toolCache.markChanged();
        if (subscribed === current) subscribed = undefined;
      },
      (error: unknown) => log.debug({ err: error }, 'a server does not tell of changed tools'),
    );
  };

  const liveSession = (): Promise<Session> => {
    if (closed) return Promise.reject(unreachable(new Error('the connection was closed')));
    if (reopening !== undefined) return reopening;
    if (!session.isClosed()) return Promise.resolve(session);
    reopening = open()
      .then((opened) => {
        toolCache.markWatched(false);
        toolCache.markChanged();
        return adopt(opened);
      })
      .finally(() => {
        reopening = undefined;
      });
    return reopening;
  };

  /** A session that the server forgot is begun anew, once; the request was refused before it was acted on. */
  const withSession = async <T>(operation: (current: Session) => Promise<T>): Promise<T> => {
    operationsUnderWay += 1;
    try {
      const current = await liveSession();
      try {
        return await operation(current);
      } catch (error) {
        if (!(error instanceof SessionGoneError)) throw error;
        await current.end();
      }
      return await operation(await liveSession());
    } catch (error) {
      throw error instanceof SessionGoneError ? unreachable(error) : error;
    } finally {
      operationsUnderWay -= 1;
    }
  };

  const requestInRounds = (
    method: string,
    params: Readonly<Record<string, unknown>>,
    options: CallOptions = {},
  ): Promise<UpstreamResult> =>
    throughRounds(
      (answers) =>
        withSession((current) => current.request(method, params, { ...options, answers, mayNeedInput: true })),
      options,
    );

  const callOnce = (
    name: string,
    args: Readonly<Record<string, unknown>>,
    options: CallOptions,
  ): Promise<UpstreamResult> =>
    throughRounds(
      (answers) =>
        withSession((current) => {
          const declarations =
            current.era === 'modern' ? headerDeclarations(toolCache.find(name)?.inputSchema) : undefined;
          const headers = parameterHeaders(declarations ?? [], args);
          return current.request(
            'tools/call',
            { name, arguments: args },
            { ...options, answers, headers, mayNeedInput: true },
          );
        }),
      options,
    );

  adopt(session);

  return {
    declared: host?.capabilities ?? {},
    get transport() {
      return session.transport;
    },
    get protocolVersion() {
      return session.protocolVersion;
    },
    get era() {
      return session.era;
    },
    get instructions() {
      return session.instructions;
    },
    get operationsUnderWay() {
      return operationsUnderWay;
    },
    listTools: ({ refresh = false, signal } = {}) => abandonable(toolCache.list(refresh), signal),
    async callTool(name, args, options = {}) {
      try {
        return await callOnce(name, args, options);
      } catch (error) {
        if (!isHeaderMismatch(error)) throw error;
      }
      // The server refused the call unread: it wants headers that only its present list tells of (SEP-2243).
      toolCache.markChanged();
      await toolCache.list(false);
      return callOnce(name, args, options);
    },
    listResources: (cursor, options) => withSession((current) => listResources(current, cursor, options)),
    listResourceTemplates: (cursor, options) =>
      withSession((current) => listResourceTemplates(current, cursor, options)),
    readResource: (uri, options) => requestInRounds('resources/read', { uri }, options),
    listPrompts: (options = {}) => withSession((current) => readPrompts(current, options)),
    getPrompt: (params, options) => requestInRounds('prompts/get', params, options),
    complete: (params, options = {}) =>
      withSession(async (current) =>
        current.hasCompletions
          ? current.request('completion/complete', params, options)
          : { completion: { values: [] } },
      ),
    hostChanged: (what) => session.hostChanged(what),
    async close() {
      closed = true;
      const last = await (reopening ?? Promise.resolve(session)).catch(() => session);
      await last.end();
    },
  };
}
