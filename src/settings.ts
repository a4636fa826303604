/** What the environment says (the public contract, section 6), checked before anything is done with it. */
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { DEFAULT_CALLBACK_PORT } from './core/limits.js';
import { LOG_LEVELS, type LogLevel } from './core/log.js';
import { agentName, PERSONAL_TEAM } from './core/names.js';
import type { Principal } from './core/principal.js';

/** The process was started with something that it cannot go on with: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  /** @param instead what to set (undefined: unset) so that everything else can still be looked at */
  constructor(
    message: string,
    readonly instead: Readonly<Record<string, string | undefined>>,
  ) {
    super(message);
  }
}

/** Stands for a user whose name nobody knows, while `doctor` looks at the rest. */
const UNKNOWN_USER = 'unknown';

export interface Settings {
  /** Absolute path of the user's `servers.json`. */
  readonly serversFile: string;
  /** Absolute path of the folder for the vault and its key file. */
  readonly dataFolder: string;
  readonly callbackPort: number;
  readonly redirectUri: string | undefined;
  readonly clientMetadataUrl: string | undefined;
  readonly tools: 'fixed' | 'mirror';
  readonly confirm: 'auto' | 'always';
  readonly logLevel: LogLevel;
  /** `SSH_CONNECTION` is set. */
  readonly isOverSsh: boolean;
  readonly team: string;
  readonly user: string;
  /** `MCP_OAUTH_AGENT`; absent: what the host calls itself. */
  readonly agent: string | undefined;
}

const APPLICATION = 'mcp-oauth-broker';
const VAULT_KEY_BYTES = 32;
const NAME_MAX_LENGTH = 128;
const SHARED_STORE = /^(?:rediss?|postgres(?:ql)?):\/\//u;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the environment.
 * @throws {UsageError} that names the variable and what it may be; never its value where that is secret.
 */
export function readSettings(env: Environment): Settings {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    throw new UsageError(
      'NODE_TLS_REJECT_UNAUTHORIZED=0 switches off the check of certificates, so that anybody on the way could read tokens. ' +
        'Remove it; for a certificate authority of your own set NODE_EXTRA_CA_CERTS to its file.',
      { NODE_TLS_REJECT_UNAUTHORIZED: undefined },
    );
  }
  const folders = storageFolders(env);
  checkKey(env);
  return {
    serversFile: join(folders.config, 'servers.json'),
    dataFolder: folders.data,
    callbackPort: portOf(env),
    redirectUri: redirectUriOf(env),
    clientMetadataUrl: clientMetadataUrlOf(env),
    tools: oneOf(env, 'MCP_OAUTH_TOOLS', ['fixed', 'mirror'], 'fixed'),
    confirm: oneOf(env, 'MCP_OAUTH_CONFIRM', ['auto', 'always'], 'auto'),
    logLevel: oneOf(env, 'MCP_OAUTH_LOG', LOG_LEVELS, 'warn'),
    isOverSsh: given(env, 'SSH_CONNECTION') !== undefined,
    ...principalNames(env),
  };
}

/**
 * The principal of a call: `agent` is fixed by the command line or `MCP_OAUTH_AGENT`, else it is what the caller calls itself.
 * @param agent of `--agent`, where given.
 */
export function principalOf(settings: Settings, agent: string | undefined, callerName: string | undefined): Principal {
  const { team, user } = settings;
  return { team, user, agent: agent ?? settings.agent ?? agentName(callerName) };
}

function storageFolders(env: Environment): { readonly config: string; readonly data: string } {
  const home = given(env, 'MCP_OAUTH_HOME');
  if (home !== undefined) return { config: resolve(home), data: resolve(home) };
  return envPaths(APPLICATION, { suffix: '' });
}

/** The form only; the vault reads the key itself. The text is not repeated: it may be half a key. */
function checkKey(env: Environment): void {
  const key = given(env, 'MCP_OAUTH_KEY');
  if (key === undefined) return;
  if (given(env, 'MCP_OAUTH_KEY_FILE') !== undefined) {
    throw new UsageError('Set MCP_OAUTH_KEY or MCP_OAUTH_KEY_FILE, not both.', { MCP_OAUTH_KEY: undefined });
  }
  const isBase64 = /^[A-Za-z0-9+/_-]+={0,2}$/u.test(key.trim());
  if (!isBase64 || Buffer.from(key, 'base64').length !== VAULT_KEY_BYTES) {
    throw new UsageError(
      `MCP_OAUTH_KEY must be ${VAULT_KEY_BYTES} bytes in base64, as "openssl rand -base64 32" prints.`,
      { MCP_OAUTH_KEY: undefined },
    );
  }
}

function portOf(env: Environment): number {
  const text = given(env, 'MCP_OAUTH_CALLBACK_PORT');
  if (text === undefined) return DEFAULT_CALLBACK_PORT;
  const port = /^\d{1,5}$/u.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535))
    throw new UsageError('MCP_OAUTH_CALLBACK_PORT must be a port from 1 to 65535, or 0 for any free one.', {
      MCP_OAUTH_CALLBACK_PORT: undefined,
    });
  return port;
}

function redirectUriOf(env: Environment): string | undefined {
  const text = given(env, 'MCP_OAUTH_REDIRECT_URI');
  if (text === undefined) return undefined;
  const url = parsedUrl(text);
  const isLoopback =
    url?.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname) && url.port !== '0';
  const isPlain = url?.hash === '' && url.username === '' && url.password === '';
  if (!isPlain || !(url.protocol === 'https:' || isLoopback)) {
    throw new UsageError(
      'MCP_OAUTH_REDIRECT_URI must be an https URL, or http on 127.0.0.1, [::1] or localhost, without user name and fragment.',
      { MCP_OAUTH_REDIRECT_URI: undefined },
    );
  }
  return text;
}

function clientMetadataUrlOf(env: Environment): string | undefined {
  const text = given(env, 'MCP_OAUTH_CLIENT_METADATA_URL');
  if (text === undefined) return undefined;
  const url = parsedUrl(text);
  if (
    url?.protocol !== 'https:' ||
    url.pathname === '/' ||
    url.hash !== '' ||
    url.username !== '' ||
    url.password !== ''
  ) {
    throw new UsageError(
      'MCP_OAUTH_CLIENT_METADATA_URL must be an https URL with a path: it is the client_id itself.',
      {
        MCP_OAUTH_CLIENT_METADATA_URL: undefined,
      },
    );
  }
  return text;
}

function principalNames(env: Environment): Pick<Settings, 'team' | 'user' | 'agent'> {
  const store = given(env, 'MCP_OAUTH_STORE') ?? 'sqlite:';
  const isSharedStore = SHARED_STORE.test(store);
  if (!isSharedStore && !store.startsWith('sqlite:')) {
    throw new UsageError('MCP_OAUTH_STORE must be sqlite:PATH, redis://… or postgres://….', {
      MCP_OAUTH_STORE: undefined,
    });
  }
  const team = nameOf(env, 'MCP_OAUTH_TEAM');
  const user = nameOf(env, 'MCP_OAUTH_USER');
  if (isSharedStore && (team === undefined || user === undefined)) {
    throw new UsageError(
      'With a shared MCP_OAUTH_STORE set MCP_OAUTH_USER and MCP_OAUTH_TEAM: colleagues in containers would all be the same user.',
      { MCP_OAUTH_STORE: undefined },
    );
  }
  return { team: team ?? PERSONAL_TEAM, user: user ?? operatingSystemUser(), agent: nameOf(env, 'MCP_OAUTH_AGENT') };
}

function nameOf(env: Environment, variable: string): string | undefined {
  const name = given(env, variable);
  if (name === undefined) return undefined;
  if (name.length > NAME_MAX_LENGTH || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name)) {
    throw new UsageError(`${variable} must be at most ${NAME_MAX_LENGTH} characters, without control characters.`, {
      [variable]: undefined,
    });
  }
  return name;
}

function operatingSystemUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a number that has no name.
    throw new UsageError('The operating system does not know the name of this user: set MCP_OAUTH_USER.', {
      MCP_OAUTH_USER: UNKNOWN_USER,
    });
  }
}

function oneOf<T extends string>(env: Environment, variable: string, values: readonly T[], fallback: T): T {
  const text = given(env, variable);
  if (text === undefined) return fallback;
  const value = values.find((candidate) => candidate === text);
  if (value === undefined)
    throw new UsageError(`${variable} must be one of ${values.join(', ')}.`, { [variable]: undefined });
  return value;
}

/** An empty variable is one that is not set. */
function given(env: Environment, variable: string): string | undefined {
  const value = env[variable];
  return value === '' ? undefined : value;
}

function parsedUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
