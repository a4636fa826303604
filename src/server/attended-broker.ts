/** The broker with the host of this process made known to it, as soon as both are there. */
import type { Server } from '@modelcontextprotocol/server';
import type { Broker } from '../broker/index.js';
import type { HostCalls } from './host-calls.js';

/**
 * The broker, built when it is first asked for. What a host of before 2026-07-28 tells unasked (its log level, that its
 * roots changed) reaches the servers that are connected; before anything was called there are none.
 */
export function attendedBroker(server: Server, calls: HostCalls, build: () => Promise<Broker>): () => Promise<Broker> {
  let built: Broker | undefined;

  server.setRequestHandler('logging/setLevel', ({ params }) => {
    calls.setLogLevel(params.level);
    built?.hostChanged('log_level');
    return {};
  });
  server.setNotificationHandler('notifications/roots/list_changed', () => built?.hostChanged('roots'));

  return async () => {
    built = await build();
    const host = calls.standing();
    if (host !== undefined) built.attend(host);
    return built;
  };
}
