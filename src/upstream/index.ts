/** What the broker may use of the upstream layer. */
export { createConnectionPool } from './pool.js';
export { probeRemote } from './probe.js';
export { connectRemote } from './remote.js';
export type * from './types.js';
export { RefusedError } from './types.js';
