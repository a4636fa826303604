/** One page of a server's resources or resource templates, where it has any. */
import { BrokerError } from '../core/errors.js';
import type { Session } from './session.js';
import type { CallOptions, UpstreamResult } from './types.js';

/** JSON-RPC: a server with resources need not have templates, and says so in this way. */
const METHOD_NOT_FOUND = -32_601;

export async function listResources(
  session: Session,
  cursor: string | undefined,
  options: CallOptions | undefined,
): Promise<UpstreamResult> {
  if (!session.hasResources) return { resources: [] };
  return session.request('resources/list', cursor === undefined ? {} : { cursor }, options);
}

export async function listResourceTemplates(
  session: Session,
  cursor: string | undefined,
  options: CallOptions | undefined,
): Promise<UpstreamResult> {
  const none = { resourceTemplates: [] };
  if (!session.hasResources) return none;
  try {
    return await session.request('resources/templates/list', cursor === undefined ? {} : { cursor }, options);
  } catch (error) {
    if (error instanceof BrokerError && error.upstreamError?.code === METHOD_NOT_FOUND) return none;
    throw error;
  }
}
