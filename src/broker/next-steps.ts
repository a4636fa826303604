/**
 * The fixed sentences that tell an agent what to do next.
 * Nothing of a server, an authorization server or a callback ever stands in them.
 */
import type { ErrorCode } from '../core/errors.js';
import type { AuthReason, ConfigReason } from './outcomes.js';

export const STEP_OPEN_AUTH_URL =
  'Show authUrl to the user as a link (launchUrl is the same, short), then stop and wait: when the user says that they have signed in, call connect_to_mcp_server again with the same serverName.';

export const STEP_PASTE_BACK =
  'Show authUrl to the user as a link and stop. After signing in, the browser ends on a page that may not load: ask the user for the whole address of that page and call connect_to_mcp_server with it as callbackUrl.';

export const STEP_DEVICE =
  'Show authUrl to the user as a link, with userCode beside it, and stop: on any device they open it, compare or enter the code, and sign in. When the user says that they have, call connect_to_mcp_server again with the same serverName and waitSeconds: 15.';

export const STEP_OTHER_FLOW =
  'Call connect_to_mcp_server with flow: "browser", or with "paste_back" where no browser can reach this machine.';

export const STEP_OPEN_FORM =
  'Show authUrl to the user as a link and stop: it opens a form on this machine where the key is entered, so that it need not pass through this chat. When the user says that it is saved, call connect_to_mcp_server again.';

export function stepManualCredential(serverName: string): string {
  return `No sign-in could be discovered. Show configUrl to the user: the form on this machine takes a token or the sign-in endpoints (in a terminal: mcp-oauth-broker key set ${serverName}). Then call connect_to_mcp_server again. See helpfulSkills first.`;
}

/** After a code that could not be exchanged: it is spent, so only a sign-in of its own is left. */
export const STEP_SIGN_IN_ANEW =
  'The answer of this sign-in is spent. Call connect_to_mcp_server again (where there is retryAfterSeconds, after that time) for a new sign-in.';

export function stepCorrectEndpoints(serverName: string): string {
  return `The last sign-in at the addresses that the user had entered came to nothing. Show configUrl to the user: the form on this machine shows them, to be corrected or sent once more. Then call connect_to_mcp_server again (in a terminal: mcp-oauth-broker clear ${serverName} forgets them).`;
}

const STEP_OF_TEAM =
  'The client and scope are fixed for the whole team: ask the administrator to correct them (mcp-oauth-broker provider add), then call connect_to_mcp_server again.';

/** What to do about `requires_oauth_config`; the form and the terminal come before the chat, what the user's file fixes before all. */
export function stepConfigure(
  serverName: string,
  reason: ConfigReason,
  is: {
    /** Of its OAuth settings, in servers.json; undefined: an administrator set them for the team. */
    readonly place: string | undefined;
    readonly hasForm: boolean;
    readonly needsClientSecret: boolean;
    readonly fixesClient: boolean;
    readonly fixesScope: boolean;
  },
): string {
  if (is.place === undefined && (reason === 'scope_rejected' ? is.fixesScope : is.fixesClient)) return STEP_OF_TEAM;
  if (reason === 'scope_rejected') {
    if (is.fixesScope)
      return `The scope of this server is fixed in the user's servers.json: ask the user to correct ${is.place}.scope there, then call connect_to_mcp_server again.`;
    const form = is.hasForm ? ', or show configUrl to the user, a form on this machine' : '';
    return `Ask the user which scopes are valid, then call connect_to_mcp_server with scope ("" asks for none)${form}.`;
  }
  if (is.fixesClient)
    return `The client of this server is fixed in the user's servers.json: ask the user to correct ${is.place} (clientId, clientSecret) there, then call connect_to_mcp_server again.`;
  const place = is.hasForm ? 'in that form or in the terminal' : 'in the terminal';
  const secret = is.needsClientSecret
    ? ` The client secret belongs ${place} (mcp-oauth-broker connect ${serverName} --client-id ID --client-secret-stdin), not in this chat.`
    : '';
  const form = is.hasForm ? ' Give the user configUrl, a form on this machine.' : '';
  const values = is.fixesScope ? 'clientId and redirectUri' : 'clientId, redirectUri and scope';
  return `Show the suggested values to the user and ask for confirmation or other values.${form}${secret} Or call connect_to_mcp_server with ${values}.`;
}

const STEP_OF_CODE: Readonly<Record<ErrorCode, string>> = {
  invalid_input: 'Correct the argument or the file that the error names and call again.',
  unknown_server: 'Call list_mcp_servers for the known names, or give url to add the server.',
  server_url_mismatch:
    'Call clear_mcp_auth for this serverName if the server has really moved, then connect again; otherwise use another serverName.',
  url_not_allowed:
    'Only public https URLs and loopback can be given by an agent. Ask the user to add the server to their servers.json (and a private host to allowedPrivateHosts) if it is theirs.',
  redirect_not_allowed:
    'Use a loopback redirectUri, or ask the user to add it to allowedRedirectUris in their servers.json.',
  insecure_url: 'The server must be reached by https. Ask the user or the operator of the server to correct the URL.',
  discovery_failed: 'Try again later; if it stays so, ask the user to run: mcp-oauth-broker doctor.',
  resource_mismatch:
    'Do not sign in: the server names another resource than itself. Tell the user, and check the URL of the server.',
  issuer_mismatch:
    'Do not sign in: the answer came from another authorization server than the one asked. Tell the user, then try once more.',
  issuer_changed:
    'The server now names another authorization server than the client in servers.json was made for. Ask the user to check oauth.issuer and the client there.',
  pkce_unsupported:
    'The authorization server does not list PKCE with S256. If the user knows that it supports it, they can set oauth.assumePkce in servers.json.',
  registration_rejected: 'Ask the user to create a client at the provider and give its clientId.',
  callback_port_in_use:
    'Another program uses the callback port. Ask the user to stop it, or call connect_to_mcp_server with flow: "paste_back".',
  authorization_denied: 'The user refused. Ask before you call connect_to_mcp_server again.',
  authorization_failed:
    'Call connect_to_mcp_server again to begin a new sign-in; if it fails again, tell the user what the error says.',
  state_invalid:
    'This answer belongs to no open sign-in. Call connect_to_mcp_server without callbackUrl and use the authUrl that it gives.',
  state_expired: 'The sign-in took too long. Call connect_to_mcp_server without callbackUrl for a new authUrl.',
  token_request_failed: 'Call again after the time that retryAfterSeconds names; nothing stored was lost.',
  grant_rejected: 'Call connect_to_mcp_server to sign in again.',
  client_rejected:
    "The authorization server refused the client in the user's servers.json. Ask the user to correct oauth.clientId and oauth.clientSecret there.",
  insufficient_scope:
    'The server keeps asking for more scopes. Stop, and tell the user which tool could not be called.',
  refresh_outcome_unknown:
    'The answer to a token refresh was lost. Call again in a moment; if it stays so, call clear_mcp_auth and sign in anew.',
  upstream_unreachable: 'The server did not answer. Try again later; stored credentials are kept.',
  upstream_protocol_error: 'The server answered with an error. Check the arguments of the call, or tell the user.',
  tool_not_found: 'Call search_mcp_tools with this serverName for the names of its tools.',
  limit_exceeded: 'Ask for less at once.',
  not_a_member: 'Ask the administrator of the team to add this user.',
  vault_busy: 'Another process is writing to the vault. Call again in a few seconds; nothing was lost.',
  vault_unreadable: 'Ask the user to run: mcp-oauth-broker doctor. Nothing was deleted.',
  vault_key_wrong:
    'The key does not belong to this vault. Ask the user to restore MCP_OAUTH_KEY or the key file; nothing was deleted.',
  internal_error: 'This is a mistake of the broker. Tell the user the id in the error, to look up in its log.',
};

/** What to do about an error of that code. */
export function stepOfError(code: ErrorCode): string {
  return STEP_OF_CODE[code];
}

export const REASON_SENTENCES: Readonly<Record<AuthReason, string>> = {
  insufficient_scope: 'The server asks for more scopes (addedScope).',
  scope_rejected: 'The scopes were refused; the new sign-in asks for none.',
  state_expired: 'The last sign-in was not finished in time; this is a new one.',
  grant_rejected: 'The authorization server ended the sign-in.',
  token_rejected: 'The server refused the token though it had not expired.',
  key_rejected: 'The server refused the key.',
  client_rejected: 'The authorization server had forgotten our client; it is registered anew.',
  issuer_changed: 'The server uses another authorization server now.',
  refresh_outcome_unknown: 'The answer to the last token refresh was lost.',
  secret_missing: 'A secret that this server needs is not stored.',
};
