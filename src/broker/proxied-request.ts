/** A request to an upstream server on an agent's behalf, with whatever sign-in that needs first. */
import { BrokerError } from '../core/errors.js';
import type { UpstreamConnection, UpstreamResult } from '../upstream/index.js';
import type { ProxiedCall } from './broker.js';
import type { Connect } from './connect.js';
import type { AnyServer } from './known-server.js';
import type { Reach } from './reach-server.js';

/**
 * Through the stored credential; where there is none yet, what connecting says.
 * @param operation the tool or method, for the limit of step-ups: `tools/call NAME`.
 * @throws {BrokerError} `upstream_unreachable`, `upstream_protocol_error`, and as `work` and connecting do.
 */
export type ProxiedRequest = (
  server: AnyServer,
  operation: string,
  work: (connection: UpstreamConnection) => Promise<UpstreamResult>,
) => Promise<ProxiedCall>;

export function createProxiedRequest(reach: Reach, connect: Connect): ProxiedRequest {
  return async (server, operation, work) => {
    const attempt = async (): Promise<ProxiedCall | undefined> => {
      const reached = await reach.asKept(server, { operation }, work);
      if (reached.kind === 'missing') return undefined;
      if (reached.kind === 'sign_in') return { kind: 'outcome', outcome: await reached.ask() };
      return { kind: 'upstream', result: reached.value };
    };

    const first = await attempt();
    if (first !== undefined) return first;
    const payload = await connect.connectAsKept(server);
    if (payload.status !== 'success') return { kind: 'outcome', outcome: payload };
    const second = await attempt();
    if (second !== undefined) return second;
    throw new BrokerError('upstream_unreachable', 'The server could be connected to a moment ago and no longer.', {
      retryable: true,
    });
  };
}
