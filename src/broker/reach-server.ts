/**
 * Asks a server for something with the credential in hand, and turns a refusal into what mends it:
 * one refresh and one retry, a step-up, a new sign-in, a key. A request is never sent twice once it was acted on.
 */
import { BrokerError } from '../core/errors.js';
import { bearerChallenge, scopeUnion } from '../oauth/index.js';
import { type Refusal, RefusedError, type UpstreamConnection } from '../upstream/index.js';
import type { ClientConfiguration, Grant } from '../vault/index.js';
import { actOn } from './audit.js';
import type { Connections } from './connections.js';
import type { CredentialInHand } from './credential.js';
import type { CredentialState } from './credential-in-hand.js';
import type { FreshGrants } from './fresh-grant.js';
import { keepConfiguration } from './kept-configuration.js';
import { keyRequired } from './key-required.js';
import { type AnyServer, isStarted, type KnownServer } from './known-server.js';
import { isLive } from './live-sign-in.js';
import { MissingValueError } from './missing-value.js';
import { observe, observeFailure } from './observations.js';
import type { RequiresAuth, RequiresOauthConfig } from './outcomes.js';
import type { Parts } from './parts.js';
import type { Reached, ReachOptions, Work } from './reached.js';
import { asksForScope, refusesToken } from './refusals.js';
import { refusedKeyOfFile } from './refused-key-of-file.js';
import { renewedCredential, settledCredential } from './renewed-credential.js';
import { requireSignIn, sameSignIn } from './sign-in.js';
import type { StartedServers } from './started-servers.js';
import { refusedWithoutUser } from './unattended-failure.js';

export interface Reach {
  /** With whatever the server has, be it reached by its URL or started by a command; `missing` as `withStored`. */
  asKept<T>(
    server: AnyServer,
    options: ReachOptions,
    work: Work<T>,
  ): Promise<Reached<T> | { readonly kind: 'missing' }>;
  /** With whatever credential is in hand; `missing` where there is none and the server is not known to need none. */
  withStored<T>(
    server: KnownServer,
    configuration: ClientConfiguration | undefined,
    options: ReachOptions,
    work: Work<T>,
  ): Promise<Reached<T> | { readonly kind: 'missing' }>;
  /** With this credential. */
  withCredential<T>(
    server: KnownServer,
    configuration: ClientConfiguration | undefined,
    credential: CredentialInHand,
    options: ReachOptions,
    work: Work<T>,
  ): Promise<Reached<T>>;
}

export function createReach(
  parts: Parts,
  fresh: FreshGrants,
  connections: Connections,
  started: StartedServers,
): Reach {
  async function asKept<T>(
    server: AnyServer,
    options: ReachOptions,
    work: Work<T>,
  ): Promise<Reached<T> | { readonly kind: 'missing' }> {
    if (isStarted(server)) return started.reach(server, options, work);
    try {
      return await withStored(server, await keepConfiguration(parts, server, {}), options, work);
    } catch (error) {
      if (error instanceof MissingValueError) return { kind: 'sign_in', ask: error.ask };
      throw error;
    }
  }

  async function withStored<T>(
    server: KnownServer,
    configuration: ClientConfiguration | undefined,
    options: ReachOptions,
    work: Work<T>,
  ): Promise<Reached<T> | { readonly kind: 'missing' }> {
    const state = await storedCredential(server, configuration);
    if (state.kind === 'missing') return { kind: 'missing' };
    if (state.kind === 'in_hand') return withCredential(server, configuration, state.credential, options, work);
    return { kind: 'sign_in', ask: () => replaceCredential(server, configuration, state, options) };
  }

  /** @throws as `settledCredential`: what the user's file names for it may be missing. */
  async function storedCredential(
    server: KnownServer,
    configuration: ClientConfiguration | undefined,
  ): Promise<CredentialState> {
    try {
      return await settledCredential(parts, fresh, server, configuration);
    } catch (error) {
      await observeFailure(parts, server, error);
      throw error;
    }
  }

  async function withCredential<T>(
    server: KnownServer,
    configuration: ClientConfiguration | undefined,
    credential: CredentialInHand,
    options: ReachOptions,
    work: Work<T>,
  ): Promise<Reached<T>> {
    const first = await attempt(server, credential, options, work);
    if (first.kind === 'done') return first;
    const renewed = await renewedCredential(parts, fresh, server, configuration, credential, first.refusal);
    if (renewed === undefined) return refused(server, configuration, credential, first.refusal, options);
    if (renewed.kind !== 'in_hand')
      return { kind: 'sign_in', ask: () => replaceCredential(server, configuration, renewed, options) };
    const second = await attempt(server, renewed.credential, options, work);
    return second.kind === 'done'
      ? second
      : refused(server, configuration, renewed.credential, second.refusal, options);
  }

  async function attempt<T>(
    server: KnownServer,
    credential: CredentialInHand,
    options: ReachOptions,
    work: Work<T>,
  ): Promise<Extract<Reached<T>, { kind: 'done' }> | { readonly kind: 'refused'; readonly refusal: Refusal }> {
    let value: T;
    let connection: UpstreamConnection;
    const { grant, key, header } = credential;
    await parts.audit.used(server, options.operation, {
      needsCredential: credential.kind !== 'none',
      credential: grant?.accessToken ?? key ?? header?.value,
    });
    try {
      connection = await connections.open(server, credential, {
        ...(options.connectTimeoutMs !== undefined && { timeoutMs: options.connectTimeoutMs }),
      });
      value = await work(connection);
    } catch (error) {
      if (error instanceof RefusedError) return { kind: 'refused', refusal: error.refusal };
      await observeFailure(parts, server, error);
      throw error;
    }
    await noteSuccess(server, credential, connection, options.operation);
    return { kind: 'done', value, credential, connection };
  }

  async function refused<T>(
    server: KnownServer,
    configuration: ClientConfiguration | undefined,
    credential: CredentialInHand,
    refusal: Refusal,
    options: ReachOptions,
  ): Promise<Reached<T>> {
    connections.retire(server);
    if (credential.grant?.unattended !== undefined) {
      const failure = refusedWithoutUser(server, refusal);
      await observe(parts, server, { state: 'error', reason: failure.code });
      throw failure;
    }
    return { kind: 'sign_in', ask: () => payloadOfRefusal(server, configuration, credential, refusal, options) };
  }

  async function payloadOfRefusal(
    server: KnownServer,
    configuration: ClientConfiguration | undefined,
    credential: CredentialInHand,
    refusal: Refusal,
    options: ReachOptions,
  ): Promise<RequiresAuth | RequiresOauthConfig> {
    const { grant } = credential;
    if (credential.kind === 'secret' && refusesToken(refusal)) return rejectKey(server, credential);
    if (credential.kind === 'file' && refusesToken(refusal))
      return refusedKeyOfFile(parts, server, credential, refusal);
    if (grant !== undefined && asksForScope(refusal))
      return stepUp(server, configuration, grant, refusal, options.operation);
    if (credential.kind !== 'none' && !refusesToken(refusal)) {
      throw new BrokerError(
        'upstream_protocol_error',
        `The server refuses this request to the connected account (${refusal.status}).`,
      );
    }
    return requireSignIn(parts, server, configuration, {
      refusal,
      reason: grant === undefined ? undefined : 'token_rejected',
      operation: null,
    });
  }

  async function stepUp(
    server: KnownServer,
    configuration: ClientConfiguration | undefined,
    grant: Grant,
    refusal: Refusal,
    operation: string,
  ): Promise<RequiresAuth | RequiresOauthConfig> {
    const neededScope = scopeUnion(
      grant.requestedScope ?? grant.scope,
      bearerChallenge(refusal.wwwAuthenticate)?.scope,
    );
    return requireSignIn(parts, server, configuration, {
      refusal,
      reason: 'insufficient_scope',
      operation,
      neededScope,
      scopeInHand: grant.scope,
    });
  }

  /** Only the key that was sent: another may have been stored while the answer was on its way. */
  async function rejectKey(server: KnownServer, credential: CredentialInHand): Promise<RequiresAuth> {
    await (await parts.vault()).secrets.update(server.id, (current) =>
      current === undefined || current.value !== credential.key ? current : { ...current, state: 'rejected' },
    );
    await parts.audit.note(server.principal, {
      event: 'key_refused',
      ...actOn(server),
      ...(credential.key !== undefined && { credential: credential.key }),
    });
    return keyRequired(parts, server, credential.authType === 'api_key' ? 'api_key' : 'bearer', 'key_rejected');
  }

  async function replaceCredential(
    server: KnownServer,
    configuration: ClientConfiguration | undefined,
    state: Extract<CredentialState, { kind: 'ended' | 'key_rejected' }>,
    options: ReachOptions,
  ): Promise<RequiresAuth | RequiresOauthConfig> {
    if (state.kind === 'key_rejected') return keyRequired(parts, server, state.secret.kind, 'key_rejected');
    const pending = (await (await parts.vault()).pendings.get(server.id))?.value;
    if (pending !== undefined && isLive(pending, parts.clock.now())) return sameSignIn(parts, pending);
    const { grant, reason } = state.access;
    const isRefused = reason === 'client_rejected' && grant.client.origin !== 'registered';
    const mustConfigure = isRefused && options.bringsClient !== true && !isOtherClient(configuration, grant);
    return requireSignIn(parts, server, configuration, {
      reason: options.reason ?? reason,
      operation: null,
      configure: mustConfigure ? 'client_rejected' : undefined,
    });
  }

  async function noteSuccess(
    server: KnownServer,
    credential: CredentialInHand,
    connection: UpstreamConnection,
    operation: string,
  ): Promise<void> {
    await observe(parts, server, {
      state: 'connected',
      authType: credential.authType,
      succeeded: operation,
      ...(connection.era !== undefined && { priorEra: connection.era }),
    });
  }

  return { asKept, withStored, withCredential };
}

/** What is configured now is not what the authorization server refused. */
function isOtherClient(configuration: ClientConfiguration | undefined, { client }: Grant): boolean {
  if (configuration?.clientId === undefined) return false;
  return configuration.clientId !== client.clientId || configuration.clientSecret !== client.clientSecret;
}
