/**
 * The parts that the broker is built of, and the settings that the process was started with.
 * Made once by `main.ts`; nothing in here changes while the process lives.
 */
import type { Catalog } from '../catalog/index.js';
import type { Background } from '../core/background.js';
import type { Clock } from '../core/clock.js';
import type { Host } from '../core/host.js';
import type { Log } from '../core/log.js';
import type { Network } from '../core/outbound.js';
import type { DpopNonces } from '../oauth/index.js';
import type { ConnectionPool } from '../upstream/index.js';
import type { Vault } from '../vault/index.js';
import type { Audit } from './audit.js';
import type { LoopbackListener } from './broker.js';
import type { LatestSuccesses } from './latest-successes.js';
import type { AnyServer } from './server-of-caller.js';

export interface BrokerSettings {
  /** `MCP_OAUTH_CALLBACK_PORT`; 0 draws a free one, once. */
  readonly callbackPort: number;
  /** `MCP_OAUTH_REDIRECT_URI`. */
  readonly redirectUri?: string;
  /** `MCP_OAUTH_CLIENT_METADATA_URL`. */
  readonly clientMetadataUrl?: string;
  /** `MCP_OAUTH_CONFIRM`. */
  readonly confirm: 'auto' | 'always';
  readonly version: string;
  /** `SSH_CONNECTION` is set: a browser of the user's cannot come back to this machine's loopback. */
  readonly isOverSsh?: boolean;
  /** The vault lies on a database server, for several people. */
  readonly isStoreShared?: boolean;
}

export interface ResolvedValue {
  readonly value: string;
  /** Of a token: when it expires, in milliseconds since the epoch. */
  readonly goodUntil?: number;
}

export interface Parts {
  /** Opens the vault at the first call; makes one where there is none. */
  readonly vault: () => Promise<Vault>;
  /** Whether there is a vault already: what only looks must not make one. */
  readonly vaultExists: () => Promise<boolean>;
  readonly network: Network;
  readonly catalog: Catalog;
  readonly listener: LoopbackListener;
  readonly pool: ConnectionPool;
  readonly clock: Clock;
  readonly background: Background;
  /** The token of one of `oauthProviders`, for whoever is asked for it. @throws {MissingValueError} where nobody is signed in there; {BrokerError} as `freshGrant` does. */
  readonly providerToken: (asker: AnyServer, provider: string) => Promise<ResolvedValue>;
  /** The host of this process, once it has called something. */
  readonly attended: { host: Host | undefined };
  /** What servers last asked to be in our proofs of possession. */
  readonly dpopNonces: DpopNonces;
  readonly latestSuccesses: LatestSuccesses;
  readonly audit: Audit;
  readonly log: Log;
  readonly settings: BrokerSettings;
}
