/** What the broker may use of the upstream layer. */
export { connectSubprocess } from './connect-subprocess.js';
export { inputRoundOf } from './input-rounds.js';
export { loadUpstreamParts } from './load-parts.js';
export { createConnectionPool } from './pool.js';
export { probeRemote } from './probe.js';
export { connectRemote } from './remote.js';
export { createStartLimit, type StartLimit } from './start-limit.js';
export type * from './types.js';
export { RefusedError } from './types.js';
