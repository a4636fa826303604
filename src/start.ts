/**
 * Reads arguments and environment, then serves or runs a command. What `initialize` does not need
 * (vault, network, catalog, OAuth, web, command line) is loaded when it is first used.
 */
import { fileURLToPath } from 'node:url';
import packageJson from '../package.json' with { type: 'json' };
import type { BrokerProcess, Composition } from './compose.js';
import { BACKGROUND_START_DELAY_MS } from './core/limits.js';
import { createLog } from './core/log.js';
import { serve } from './server/index.js';
import { principalOf, readSettings, type Settings, UsageError } from './settings.js';

const EXIT_SUCCESS = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const SKILLS_DIRECTORY = fileURLToPath(new URL('../skills', import.meta.url));

/** @param argv without the interpreter and the script. */
export async function start(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const serves = argv.length === 0 ? !process.stdin.isTTY : argv.length === 1 && argv[0] === 'serve';
  const settings = serves ? settingsOrExit(env) : undefined;
  const environment = { ...env };
  // Children, the user's browser and dependencies see the environment; the key, and a store's password, are none of their business.
  delete env['MCP_OAUTH_KEY'];
  delete env['MCP_OAUTH_STORE'];
  const exitCode = await (settings === undefined
    ? runCommandLine(argv, environment)
    : serveHost({ settings, environment, log: createLog(settings.logLevel), version: packageJson.version }));
  process.exit(exitCode);
}

function settingsOrExit(env: NodeJS.ProcessEnv): Settings {
  try {
    return readSettings(env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`mcp-oauth-broker: ${error.message}\n`);
    process.exit(EXIT_USAGE);
  }
}

/** @returns the exit code, once the host is gone and everything is closed. */
function serveHost(composition: Composition, agent?: string): Promise<number> {
  const { settings, log, version } = composition;
  let composed: Promise<BrokerProcess> | undefined;
  const compose = () => {
    composed ??= import('./compose.js').then(({ composeBroker }) => composeBroker(composition));
    return composed;
  };
  // A sign-in that another process began may need its port served on, though this host has called nothing yet.
  setTimeout(() => {
    compose().then(
      ({ listener }) => listener.startTakeover(),
      (error: unknown) => log.error({ err: error }, 'the broker could not be built'),
    );
    import('./load-parts.js')
      .then(({ loadParts }) => loadParts())
      .then(
        () => log.debug({}, 'every part is loaded'),
        (error: unknown) => log.warn({ err: error }, 'a part of the program could not be loaded ahead of its use'),
      );
  }, BACKGROUND_START_DELAY_MS).unref();
  return new Promise((resolve) => {
    serve({
      broker: async () => (await compose()).broker,
      close: async () => (await composed)?.close(),
      principalFor: (clientName) => principalOf(settings, agent, clientName),
      version,
      log,
      tools: settings.tools,
      skillsDirectory: SKILLS_DIRECTORY,
      onEnd: (reason) => resolve(reason === 'uncaught_exception' ? EXIT_FAILED : EXIT_SUCCESS),
    });
  });
}

/** What is wrong with the environment is for the command to say, in its own way. */
async function runCommandLine(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { runFromCommandLine } = await import('./command-line.js');
  // `list | head`: whoever reads has seen enough. A server leaves by its own rules.
  const leave = () => process.exit(EXIT_SUCCESS);
  process.stdout.on('error', leave);
  const exitCode = await runFromCommandLine(argv, { env, version: packageJson.version }, (composition, agent) => {
    process.stdout.off('error', leave);
    return serveHost(composition, agent);
  });
  await flushed(process.stdout);
  return exitCode;
}

/** A pipe takes what is written to it later; leaving earlier would cut it off. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
