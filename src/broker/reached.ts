/** What asking a server for something comes to, in whichever way it is reached. */
import type { UpstreamConnection } from '../upstream/index.js';
import type { CredentialInHand } from './credential.js';
import type { AuthReason, RequiresAuth, RequiresOauthConfig } from './outcomes.js';

/** The work was done, or the user has to do something first. */
export type Reached<T> =
  | {
      readonly kind: 'done';
      readonly value: T;
      readonly credential: CredentialInHand;
      readonly connection: UpstreamConnection;
    }
  /** `ask` begins what mends it; whoever only looks at many servers leaves it alone. */
  | { readonly kind: 'sign_in'; readonly ask: () => Promise<RequiresAuth | RequiresOauthConfig> };

export type Work<T> = (connection: UpstreamConnection) => Promise<T>;

export interface ReachOptions {
  /** The tool or method, for the limit of step-ups: `tools/call NAME`. */
  readonly operation: string;
  readonly connectTimeoutMs?: number;
  /** Why a sign-in has to begin, where that is not the stored credential's fault. */
  readonly reason?: AuthReason;
  /** The call brings a client or its secret: with them a sign-in begins where those of the grant were refused. */
  readonly bringsClient?: boolean;
}
