/** What the commands need, taken from the parts of the process; the broker is built at the first use. */
import { checkEnvironment } from './checked-environment.js';
import { createBrowserOpener, ownCommand, runCommand, UsageError } from './cli/index.js';
import { type BrokerProcess, type Composition, composeBroker } from './compose.js';
import { createLog } from './core/log.js';
import { PRODUCT_NAME } from './core/names.js';
import { foreignHosts } from './foreign-hosts.js';
import { defaultCallbackPort, diagnoseInstallation } from './installation.js';
import { clientMetadataDocument } from './oauth/index.js';
import { principalOf, type Settings } from './settings.js';
import { vaultCommands } from './vault-commands.js';

const COMMAND_LINE_AGENT = 'cli';

/**
 * Runs one command and closes what it opened.
 * @param serve serves stdio as that agent; resolves to the exit code.
 * @returns the exit code (the public contract, section 7).
 */
export async function runFromCommandLine(
  argv: readonly string[],
  { env, version }: { readonly env: NodeJS.ProcessEnv; readonly version: string },
  serve: (composition: Composition, agent?: string) => Promise<number>,
): Promise<number> {
  const { settings, environment, problems } = checkEnvironment(env);
  // What goes wrong is said by the command itself; a host reads the log, a person at a terminal does not.
  const log = createLog(environment['MCP_OAUTH_LOG'] ? settings.logLevel : 'error');
  const composition: Composition = { settings, environment, log, version };
  let composed: BrokerProcess | undefined;
  const parts = () => {
    composed ??= composeBroker({ ...composition, isCommand: true });
    return composed;
  };
  const exitCode = await runCommand(argv, {
    broker: async () => parts().broker,
    principal: (agent) => principalOf(settings, agent, COMMAND_LINE_AGENT),
    checkServerUrl: async (url) => void (await parts().network.checkServerUrl(url)),
    builtInTarget: (serverName) => parts().catalog.findBuiltIn(serverName)?.url,
    addEntry: (serverName, entry) => parts().catalog.addUserEntry(serverName, entry),
    removeEntry: (serverName) => parts().catalog.removeUserEntry(serverName),
    ...foreignHosts(() => parts().catalog, composition.environment, version),
    consoleUrl: (serverName) => parts().catalog.findBuiltIn(serverName)?.consoleUrl,
    problems,
    diagnoseInstallation: () => diagnoseInstallation(parts(), settings, problems),
    clientMetadata: async (clientId) => ({
      ...clientMetadataDocument({
        url: clientId,
        clientName: PRODUCT_NAME,
        redirectUris: [await defaultRedirectUri(parts(), settings)],
      }),
    }),
    ...vaultCommands(composition),
    serve: (agent) => serve({ ...composition, log: createLog(settings.logLevel) }, agent),
    openBrowser: createBrowserOpener({ env: process.env }),
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    version,
    command: ownCommand({ script: process.argv[1] ?? '', env: process.env }),
  });
  await composed?.close();
  return exitCode;
}

/** Where an authorization server sends the browser back to, as a hosted client ID metadata document has to say it. */
async function defaultRedirectUri(parts: BrokerProcess, settings: Settings): Promise<string> {
  if (settings.redirectUri !== undefined) return settings.redirectUri;
  const port = await defaultCallbackPort(parts, settings);
  if (port === undefined)
    throw new UsageError(
      'With MCP_OAUTH_CALLBACK_PORT=0 the port is drawn at the first sign-in, and there was none yet. The document has to name one: set MCP_OAUTH_CALLBACK_PORT to a port.',
    );
  return `http://127.0.0.1:${port}/oauth/callback`;
}
