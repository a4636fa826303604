/**
 * What the environment says of the vault key. The key itself leaves the environment here,
 * so that no child process and no report of the process can show it.
 */
import { Secret } from '../core/secret.js';

export interface KeyOptions {
  /** `MCP_OAUTH_KEY`: base64 of 32 bytes. */
  readonly environmentKey?: Secret;
  /** `MCP_OAUTH_KEY_FILE`: path of a file that holds the same. */
  readonly keyFile?: string;
  /**
   * Whether the operating system's keyring may be asked: not with `MCP_OAUTH_HOME` (that folder holds everything),
   * and not over SSH (it would ask its user on a screen where nobody sits).
   */
  readonly keyring: 'allowed' | 'never';
}

/** Reads the key options and deletes `MCP_OAUTH_KEY` from `env`. Empty variables count as unset. */
export function takeKeyOptions(env: NodeJS.ProcessEnv): KeyOptions {
  const { MCP_OAUTH_KEY: key, MCP_OAUTH_KEY_FILE: keyFile, MCP_OAUTH_HOME: home, SSH_CONNECTION: ssh } = env;
  delete env['MCP_OAUTH_KEY'];
  return {
    ...(key ? { environmentKey: Secret.of(key.trim()) } : {}),
    ...(keyFile ? { keyFile } : {}),
    keyring: home || ssh ? 'never' : 'allowed',
  };
}
