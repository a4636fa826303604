/** What can be asked of a server that is a program: connecting is starting it, with all that its entry names. */
import { BrokerError } from '../core/errors.js';
import type { Owner } from '../core/principal.js';
import type { ConnectArguments } from './broker.js';
import type { ConnectPayload } from './connect.js';
import type { StartedServer } from './known-server.js';
import { observe } from './observations.js';
import type { Parts } from './parts.js';
import { success } from './payloads.js';
import { type ProcessEnvironment, processEnvironment, startedAuthType } from './process-environment.js';
import { createProcesses } from './processes.js';
import type { Reached, ReachOptions, Work } from './reach-server.js';

export interface StartedServers {
  /** @throws {BrokerError} `invalid_input` for arguments that such a server cannot take, and as `reach` does. */
  connect(server: StartedServer, args: ConnectArguments): Promise<ConnectPayload>;
  /** @throws {BrokerError} `upstream_unreachable`, `upstream_protocol_error`; `invalid_input` where a variable or file is missing. */
  reach<T>(server: StartedServer, options: ReachOptions, work: Work<T>): Promise<Reached<T>>;
  /** Ends its processes, as `Connections.dropAll` closes connections. */
  dropAll(owners: readonly Owner[], serverName: string, account?: string): Promise<void>;
}

/** @param onToolsChanged called each time one tells that its tools changed. */
export function createStartedServers(parts: Parts, onToolsChanged: () => void): StartedServers {
  const processes = createProcesses(parts, onToolsChanged);

  async function connect(server: StartedServer, args: ConnectArguments): Promise<ConnectPayload> {
    refuseAuthType(server, args);
    const reached = await reach(server, { operation: 'tools/list' }, (connection) =>
      connection.listTools({ refresh: true }),
    );
    if (reached.kind === 'sign_in') return reached.ask();
    const payload = success(server, reached.connection, reached.value, reached.credential.authType);
    await observe(parts, server, { state: 'connected', toolCount: payload.toolCount });
    return payload;
  }

  async function reach<T>(server: StartedServer, options: ReachOptions, work: Work<T>): Promise<Reached<T>> {
    const environment = await processEnvironment(server);
    return withEnvironment(server, environment, options, work);
  }

  async function withEnvironment<T>(
    server: StartedServer,
    environment: ProcessEnvironment,
    options: ReachOptions,
    work: Work<T>,
  ): Promise<Reached<T>> {
    const authType = startedAuthType(server.entry);
    try {
      const connection = await processes.open(server, environment, {
        ...(options.connectTimeoutMs !== undefined && { timeoutMs: options.connectTimeoutMs }),
      });
      const value = await work(connection);
      const { era } = connection;
      await observe(parts, server, { state: 'connected', authType, ...(era !== undefined && { priorEra: era }) });
      return { kind: 'done', value, credential: { kind: 'none', authType }, connection };
    } catch (error) {
      if (error instanceof BrokerError && error.code === 'upstream_unreachable')
        await observe(parts, server, { state: 'error', reason: error.code });
      throw error;
    }
  }

  return { connect, reach, dropAll: processes.dropAll };
}

/** What a program takes is named in its entry alone. */
function refuseAuthType({ entry }: StartedServer, { authType }: ConnectArguments): void {
  if (authType === undefined || authType === 'auto' || authType === startedAuthType(entry)) return;
  throw new BrokerError(
    'invalid_input',
    `"${entry.serverName}" is started by a command: which credentials it takes is named under env in servers.json.`,
  );
}
