/** Whether tokens for an MCP server are to be bound to a key: only where the server itself asks for it. Pure. */
import { BrokerError } from '../core/errors.js';
import { dpopAlgorithm } from './dpop-key.js';
import type { AuthorizationServer, BearerChallenge, ProtectedResource } from './types.js';

export interface DpopDemand {
  /** JWS `alg` of the proofs. */
  readonly algorithm: string;
  /** The server takes Bearer tokens as well. */
  readonly acceptsBearer: boolean;
}

/**
 * What the server's challenge and its metadata ask for. Where they take Bearer tokens too, tokens are bound to a key
 * only if the authorization server says that it can; that it can asks for nothing by itself.
 *
 * @param options.isBound - the grant in hand is bound to a key
 * @throws {BrokerError} `authorization_failed` where proofs are asked for with no algorithm that we have
 * @see RFC 9449 sections 5.1 and 7.1, RFC 9728 section 2
 */
export function dpopDemand(options: {
  readonly authorizationServer: Pick<AuthorizationServer, 'dpopSigningAlgValuesSupported'>;
  readonly protectedResource?: ProtectedResource | undefined;
  readonly challenge?: BearerChallenge | undefined;
  readonly isBound: boolean;
}): DpopDemand | undefined {
  const { authorizationServer, protectedResource, challenge, isBound } = options;
  const isRequired =
    isBound || challenge?.scheme === 'DPoP' || protectedResource?.dpopBoundAccessTokensRequired === true;
  if (!isRequired && challenge?.dpop === undefined) return undefined;
  const offered = authorizationServer.dpopSigningAlgValuesSupported;
  const algorithm = dpopAlgorithm(
    offered,
    challenge?.dpop?.algorithms,
    protectedResource?.dpopSigningAlgValuesSupported,
  );
  if (!isRequired)
    return algorithm === undefined || offered === undefined ? undefined : { algorithm, acceptsBearer: true };
  if (algorithm !== undefined) return { algorithm, acceptsBearer: false };
  throw new BrokerError(
    'authorization_failed',
    'The server asks for tokens that are bound to a key (DPoP), but for no signing algorithm that this version has.',
  );
}
