/** What a person at a terminal can do about an error; `nextStep` speaks to an agent. */
import { displayText } from '../core/display-text.js';
import type { ErrorCode } from '../core/errors.js';
import type { Principal } from '../core/principal.js';
import { shellWord } from '../core/shell-word.js';

export interface Failed {
  readonly code: ErrorCode;
  /** Empty where it is about no server. */
  readonly serverName: string;
  readonly retryable?: boolean;
  readonly retryAfterSeconds?: number;
}

/**
 * What mends it, by its code alone.
 * @param command what the user types to start this program
 */
export function remedyFor(failed: Failed, command: string, principal: Principal): string | undefined {
  const name = displayText(failed.serverName);
  switch (failed.code) {
    case 'unknown_server':
      return `See the names with "${command} list", or add it with "${command} add NAME URL".`;
    case 'callback_port_in_use':
      return 'Stop the program that uses the port, or connect with --paste-back.';
    case 'authorization_denied':
    case 'authorization_failed':
    case 'state_expired':
    case 'state_invalid':
      return `Begin anew with "${command} connect ${name}".`;
    case 'server_url_mismatch':
      return `This name stands for another URL: choose another name, or "${command} remove ${name}" first.`;
    case 'client_rejected':
      return `Check the client: in servers.json (oauth.clientId, and its secret or private key), or "${command} connect ${name} --client-id ID --client-secret-stdin".`;
    case 'grant_rejected':
      return `Check what its tokens are asked for with, under oauth of this server in servers.json; where you signed in: "${command} connect ${name}".`;
    case 'redirect_not_allowed':
      return 'Use a redirect URI on 127.0.0.1, or name yours under allowedRedirectUris in servers.json.';
    case 'url_not_allowed':
      return 'A server is a public https URL or on this machine. Name a private host of yours in servers.json: "allowedPrivateHosts": ["HOST"], without scheme and port.';
    case 'insecure_url':
      return 'Use https: plain http is for this machine only.';
    case 'issuer_changed':
      return 'Check oauth.issuer and the client of this server in servers.json.';
    case 'resource_mismatch':
    case 'issuer_mismatch':
      return 'Do not sign in there; check the URL of the server, and tell whoever runs it.';
    case 'pkce_unsupported':
      return 'If the provider supports PKCE with S256 all the same, set "assumePkce": true under oauth in servers.json.';
    case 'insufficient_scope':
      return `Ask for more: "${command} connect ${name} --scope SCOPES".`;
    case 'tool_not_found':
      return `See its tools with "${command} tools ${name}".`;
    case 'not_a_member':
      return `An administrator of the team "${displayText(principal.team)}" lets you in again with "${command} member add ${shellWord(displayText(principal.user))}".`;
    case 'vault_key_wrong':
      return 'Give the key that the vault was made with (MCP_OAUTH_KEY, or its key file). Nothing was changed.';
    default:
      return undefined;
  }
}

/** Where `doctor` can say more. */
export function doctorFor({ code, serverName }: Failed, command: string): string | undefined {
  switch (code) {
    case 'discovery_failed':
    case 'upstream_unreachable':
      return `See what is wrong with "${`${command} doctor ${displayText(serverName)}`.trim()}".`;
    case 'vault_unreadable':
      return `See what is wrong with "${command} doctor".`;
    default:
      return undefined;
  }
}

/** What passes by itself. */
export function laterFor({ retryable, retryAfterSeconds }: Failed): string | undefined {
  if (retryable !== true) return undefined;
  return retryAfterSeconds === undefined ? 'Try again later.' : `Try again in ${retryAfterSeconds} s.`;
}
