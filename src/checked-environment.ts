/**
 * The environment as a command reads it. What is wrong there ends every command but `doctor`, which tells of it and looks
 * at all the rest: so what cannot be used is left out here, and named.
 */
import type { Finding } from './broker/index.js';
import { BrokerError } from './core/errors.js';
import { readSettings, type Settings, UsageError } from './settings.js';
import { parseStoreLocation } from './vault/index.js';

export interface CheckedEnvironment {
  readonly settings: Settings;
  /** Without what cannot be used. */
  readonly environment: NodeJS.ProcessEnv;
  /** What is wrong with it, each with the step of `doctor` that it is about. */
  readonly problems: readonly Finding[];
}

const STEP_OF: Readonly<Record<string, Finding['step']>> = {
  NODE_TLS_REJECT_UNAUTHORIZED: 'network',
  MCP_OAUTH_KEY: 'key',
  MCP_OAUTH_STORE: 'store',
  MCP_OAUTH_CALLBACK_PORT: 'listener',
  MCP_OAUTH_REDIRECT_URI: 'listener',
};

export function checkEnvironment(env: NodeJS.ProcessEnv): CheckedEnvironment {
  const environment = { ...env };
  const problems: Finding[] = [];
  for (;;) {
    try {
      const settings = readSettings(environment);
      checkStore(environment['MCP_OAUTH_STORE'], settings);
      return { settings, environment, problems };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      const [variable = ''] = Object.keys(error.instead);
      problems.push({ step: STEP_OF[variable] ?? 'settings', ok: false, message: error.message });
      for (const [name, value] of Object.entries(error.instead)) {
        if (value === undefined) delete environment[name];
        else environment[name] = value;
      }
    }
  }
}

/** What the settings do not look at: they are read before the vault's code is loaded. */
function checkStore(store: string | undefined, { dataFolder }: Settings): void {
  try {
    parseStoreLocation(store, dataFolder);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    throw new UsageError(error.message, { MCP_OAUTH_STORE: undefined });
  }
}
