/** What can be asked of a server that is a program: connecting is starting it, with all that its entry names. */
import { BrokerError } from '../core/errors.js';
import type { Owner } from '../core/principal.js';
import type { ConnectArguments } from './broker.js';
import { completeByPaste } from './complete-authorization.js';
import type { StartedServer } from './known-server.js';
import { MissingValueError } from './missing-value.js';
import { observe, observeFailure } from './observations.js';
import type { RequiresAuth, RequiresOauthConfig, Success } from './outcomes.js';
import type { Parts } from './parts.js';
import { success } from './payloads.js';
import { type ProcessEnvironment, processEnvironment, startedAuthType } from './process-environment.js';
import { createProcesses } from './processes.js';
import { provider } from './provider-entry.js';
import type { Reached, ReachOptions, Work } from './reached.js';
import { allowedCount } from './tool-filter.js';
import { providersOf } from './value-references.js';

export interface StartedServers {
  /**
   * Starts it, or says what the user has to give first; arguments about a sign-in are for the provider that is missing.
   * @throws {BrokerError} `invalid_input` for arguments that it cannot take; as `reach` and signing in at a provider do.
   */
  connect(server: StartedServer, args: ConnectArguments): Promise<Success | RequiresAuth | RequiresOauthConfig>;
  /** @throws {BrokerError} `upstream_unreachable`, `upstream_protocol_error`; `invalid_input` where a variable or file is missing. */
  reach<T>(server: StartedServer, options: ReachOptions, work: Work<T>): Promise<Reached<T>>;
  /** Ends its processes, as `Connections.dropAll` closes connections. */
  dropAll(owners: readonly Owner[], serverName: string, account?: string): Promise<void>;
}

/** @param onToolsChanged called each time one tells that its tools changed. */
export function createStartedServers(parts: Parts, onToolsChanged: () => void): StartedServers {
  const processes = createProcesses(parts, onToolsChanged);

  async function connect(
    server: StartedServer,
    args: ConnectArguments,
  ): Promise<Success | RequiresAuth | RequiresOauthConfig> {
    refuseArguments(server, args);
    if (args.callbackUrl !== undefined) await finishPasted(server, args.callbackUrl);
    const environment = await environmentOrMissing(server);
    if (environment instanceof MissingValueError)
      return environment.ask(args.callbackUrl === undefined ? args : undefined);
    const { connection, value } = await run(server, environment, { operation: 'tools/list' }, (opened) =>
      opened.listTools({ refresh: true }),
    );
    const payload = success(server, connection, value, startedAuthType(server.entry));
    await observe(parts, server, { state: 'connected', toolCount: allowedCount(server.entry, value.tools) });
    return payload;
  }

  async function reach<T>(server: StartedServer, options: ReachOptions, work: Work<T>): Promise<Reached<T>> {
    const environment = await environmentOrMissing(server);
    if (environment instanceof MissingValueError) return { kind: 'sign_in', ask: () => environment.ask() };
    return run(server, environment, options, work);
  }

  async function environmentOrMissing(server: StartedServer): Promise<ProcessEnvironment | MissingValueError> {
    try {
      return await processEnvironment(parts, server);
    } catch (error) {
      if (error instanceof MissingValueError) return error;
      await observeFailure(parts, server, error);
      throw error;
    }
  }

  async function run<T>(
    server: StartedServer,
    environment: ProcessEnvironment,
    options: ReachOptions,
    work: Work<T>,
  ): Promise<Extract<Reached<T>, { kind: 'done' }>> {
    const authType = startedAuthType(server.entry);
    await parts.audit.used(server, options.operation, { needsCredential: authType !== 'none' });
    try {
      const connection = await processes.open(server, environment, {
        ...(options.connectTimeoutMs !== undefined && { timeoutMs: options.connectTimeoutMs }),
      });
      const value = await work(connection);
      const { era } = connection;
      await observe(parts, server, { state: 'connected', authType, ...(era !== undefined && { priorEra: era }) });
      return { kind: 'done', value, credential: { kind: 'none', authType }, connection };
    } catch (error) {
      await observeFailure(parts, server, error);
      throw error;
    }
  }

  /** The answer says itself which of the providers it is from. @throws {BrokerError} `state_invalid`, `state_expired`. */
  async function finishPasted(server: StartedServer, callbackUrl: string): Promise<void> {
    let code: 'state_invalid' | 'state_expired' = 'state_invalid';
    for (const id of providersOf(server.entry)) {
      const completion = await completeByPaste(
        parts,
        await provider(parts, server, id, server.entry.serverName),
        callbackUrl,
      );
      if (completion.kind !== 'refused') return;
      if (completion.code === 'state_expired') code = completion.code;
    }
    throw new BrokerError(
      code,
      code === 'state_expired'
        ? 'That sign-in took too long.'
        : 'That address belongs to no open sign-in of this server and account.',
    );
  }

  return { connect, reach, dropAll: processes.dropAll };
}

/** What a program takes is named in its entry alone; how to sign in may be said where it takes a provider's token. */
function refuseArguments({ entry }: StartedServer, args: ConnectArguments): void {
  const { authType, clientId, clientSecret, redirectUri, scope, flow, callbackUrl } = args;
  const saysOtherKind = authType !== undefined && authType !== 'auto' && authType !== startedAuthType(entry);
  const saysHow = [clientId, clientSecret, redirectUri, scope, flow, callbackUrl].some((value) => value !== undefined);
  if (!saysOtherKind && (!saysHow || providersOf(entry).length > 0)) return;
  throw new BrokerError(
    'invalid_input',
    `"${entry.serverName}" is started by a command: which credentials it takes is named under env in servers.json.`,
  );
}
