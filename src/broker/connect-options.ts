/** How a connection to a server begins, whatever carries it. */
import { PRODUCT_NAME } from '../core/names.js';
import type { ConnectOptions } from '../upstream/index.js';
import type { AnyServer } from './known-server.js';
import { standingHost } from './named-host.js';
import { observation } from './observations.js';
import type { Parts } from './parts.js';

/** @param options of this connection; they win */
export async function connectOptions(
  parts: Parts,
  server: AnyServer,
  options: Partial<ConnectOptions>,
): Promise<ConnectOptions> {
  const priorEra = (await observation(parts, server))?.priorEra;
  return {
    clientName: PRODUCT_NAME,
    clientVersion: parts.settings.version,
    log: parts.log,
    ...standingHost(parts, server),
    ...options,
    ...(priorEra !== undefined && { priorEra }),
  };
}
