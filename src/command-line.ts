/** What the commands need, taken from the parts of the process; the broker is built at the first use. */
import { createBrowserOpener, runCommand } from './cli/index.js';
import { type BrokerProcess, type Composition, composeBroker } from './compose.js';
import { DEFAULT_CALLBACK_PORT } from './core/limits.js';
import { PRODUCT_NAME } from './core/names.js';
import { diagnoseInstallation } from './installation.js';
import { clientMetadataDocument } from './oauth/index.js';
import { principalOf, type Settings } from './settings.js';

const COMMAND_LINE_AGENT = 'cli';

/**
 * Runs one command and closes what it opened.
 * @param serve serves stdio as that agent; resolves to the exit code.
 * @returns the exit code (the public contract, section 7).
 */
export async function runFromCommandLine(
  argv: readonly string[],
  composition: Composition,
  serve: (agent?: string) => Promise<number>,
): Promise<number> {
  const { settings, version } = composition;
  let composed: BrokerProcess | undefined;
  const parts = () => {
    composed ??= composeBroker(composition);
    return composed;
  };
  const exitCode = await runCommand(argv, {
    broker: async () => parts().broker,
    principal: (agent) => principalOf(settings, agent, COMMAND_LINE_AGENT),
    addEntry: (serverName, entry) => parts().catalog.addUserEntry(serverName, entry),
    removeEntry: (serverName) => parts().catalog.removeUserEntry(serverName),
    consoleUrl: (serverName) => parts().catalog.findBuiltIn(serverName)?.consoleUrl,
    diagnoseInstallation: () => diagnoseInstallation(parts(), settings),
    clientMetadata: (clientId) => ({
      ...clientMetadataDocument({
        url: clientId,
        clientName: PRODUCT_NAME,
        redirectUris: [defaultRedirectUri(settings)],
      }),
    }),
    serve,
    openBrowser: createBrowserOpener({ env: process.env }),
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    version,
  });
  await composed?.close();
  return exitCode;
}

/** Where an authorization server sends the browser back to, as a hosted client ID metadata document has to say it. */
function defaultRedirectUri({ redirectUri, callbackPort }: Settings): string {
  return redirectUri ?? `http://127.0.0.1:${callbackPort || DEFAULT_CALLBACK_PORT}/oauth/callback`;
}
