/**
 * `connect_to_mcp_server`: from a name to `success`, or to what the user has to do first.
 * The order: an answer pasted back, the sign-in that waits, what is stored, then the server itself is asked.
 */
import { BrokerError } from '../core/errors.js';
import type { Probe, ToolList } from '../upstream/index.js';
import type { ClientConfiguration } from '../vault/index.js';
import type { ConnectArguments } from './broker.js';
import { completeByPaste } from './complete-authorization.js';
import { type CredentialInHand, NO_CREDENTIAL } from './credential.js';
import { keepConfiguration } from './kept-configuration.js';
import { type AnyServer, isStarted, type KnownServer } from './known-server.js';
import { orAsk } from './missing-value.js';
import { observe } from './observations.js';
import type { RequiresAuth, RequiresOauthConfig, Success } from './outcomes.js';
import type { Parts } from './parts.js';
import { success } from './payloads.js';
import { pendingSignIn } from './pending-sign-in.js';
import { probeServer } from './probe-server.js';
import { signInAtProvider } from './provider-token.js';
import type { Reach } from './reach-server.js';
import type { Reached } from './reached.js';
import { requireSignIn, statedKind } from './sign-in.js';
import type { StartedServers } from './started-servers.js';
import { allowedCount } from './tool-filter.js';

export type ConnectPayload = Success | RequiresAuth | RequiresOauthConfig;

export interface Connect {
  /**
   * One whole call, without the waiting.
   * @throws {BrokerError} with every code that the contract names for connecting.
   */
  connect(server: AnyServer, args: ConnectArguments): Promise<ConnectPayload>;
  /** The same with what is kept alone: for other calls that find the server not connected. */
  connectAsKept(server: AnyServer): Promise<ConnectPayload>;
}

export function createConnect(parts: Parts, reach: Reach, started: StartedServers): Connect {
  async function connect(server: AnyServer, args: ConnectArguments): Promise<ConnectPayload> {
    if (isStarted(server)) return started.connect(server, args);
    if (server.provider !== undefined) return signInAtProvider(parts, server, args);
    if (args.callbackUrl === undefined)
      return orAsk(async () => proceed(server, await keepConfiguration(parts, server, args), args));
    await finishPasted(server, args.callbackUrl);
    return connectAsKept(server);
  }

  async function connectAsKept(server: AnyServer): Promise<ConnectPayload> {
    if (isStarted(server)) return started.connect(server, { serverName: server.entry.serverName });
    return orAsk(async () =>
      proceed(server, await keepConfiguration(parts, server, {}), { serverName: server.entry.serverName }),
    );
  }

  async function proceed(
    server: KnownServer,
    configuration: ClientConfiguration | undefined,
    args: ConnectArguments,
  ): Promise<ConnectPayload> {
    const waiting = await pendingSignIn(parts, server, configuration, args);
    if (waiting.kind === 'answer') return waiting.payload;
    const reason = waiting.kind === 'begin_anew' ? waiting.reason : undefined;
    const bringsClient = args.clientId !== undefined || args.clientSecret !== undefined;
    const options = { operation: 'tools/list', bringsClient, ...(reason !== undefined && { reason }) };
    const reached = await reach.withStored(server, configuration, options, (connection) =>
      connection.listTools({ refresh: true }),
    );
    return reached.kind === 'missing' ? firstContact(server, configuration, reason) : payloadOf(server, reached);
  }

  /** Nothing is stored: the server is asked without a token, unless the user said that it takes OAuth. */
  async function firstContact(
    server: KnownServer,
    configuration: ClientConfiguration | undefined,
    reason: RequiresAuth['reason'],
  ): Promise<ConnectPayload> {
    const stated = statedKind(server, configuration);
    if (stated === 'bearer' || stated === 'api_key')
      return requireSignIn(parts, server, configuration, { reason, operation: null });
    const probe = await firstAnswer(server, stated === 'oauth2');
    if (probe?.kind === 'open' && stated !== 'oauth2') return connectWith(server, configuration, NO_CREDENTIAL);
    return requireSignIn(parts, server, configuration, {
      refusal: probe?.kind === 'refused' ? probe.refusal : undefined,
      reason,
      operation: null,
    });
  }

  /** Where the user's word suffices, an answer that is no MCP server's is no reason to stop: discovery will say so. */
  async function firstAnswer(server: KnownServer, isStatedOAuth: boolean): Promise<Probe | undefined> {
    try {
      return await probeServer(parts, server);
    } catch (error) {
      if (isStatedOAuth && error instanceof BrokerError && error.code === 'upstream_protocol_error') return undefined;
      throw error;
    }
  }

  async function connectWith(
    server: KnownServer,
    configuration: ClientConfiguration | undefined,
    credential: CredentialInHand,
  ): Promise<ConnectPayload> {
    const reached = await reach.withCredential(
      server,
      configuration,
      credential,
      { operation: 'tools/list' },
      (connection) => connection.listTools({ refresh: true }),
    );
    return payloadOf(server, reached);
  }

  async function payloadOf(server: KnownServer, reached: Reached<ToolList>): Promise<ConnectPayload> {
    if (reached.kind === 'sign_in') return reached.ask();
    const { credential, connection, value } = reached;
    const payload = success(server, connection, value, credential.authType, credential.grant);
    await observe(parts, server, {
      state: 'connected',
      authType: credential.authType,
      toolCount: allowedCount(server.entry, value.tools),
    });
    return payload;
  }

  /** @throws {BrokerError} `state_invalid`, `state_expired`. What the sign-in itself came to is said by what follows. */
  async function finishPasted(server: KnownServer, callbackUrl: string): Promise<void> {
    const completion = await completeByPaste(parts, server, callbackUrl);
    if (completion.kind !== 'refused') return;
    parts.log.info(
      { serverName: server.entry.serverName, code: completion.code },
      'a pasted answer belongs to no open sign-in',
    );
    const message =
      completion.code === 'state_expired'
        ? 'That sign-in took too long.'
        : 'That address belongs to no open sign-in of this server and account.';
    throw new BrokerError(completion.code, message);
  }

  return { connect, connectAsKept };
}
