/**
 * The servers that are known by name: URL, kind of credential, and where a client or key is made
 * for the providers that register nobody by themselves. Read from the providers' own documentation, autumn 2026.
 */
import { createRemoteEntry } from './remote-entry.js';
import type { RemoteServerEntry } from './server-entry.js';

const GOOGLE_CONSOLE_URL = 'https://console.cloud.google.com/auth/clients';
const GOOGLE_SKILL_ID = 'connect-google-mcp';

/** Signs in by OAuth, and its authorization server registers us. */
function registering(serverName: string, title: string, url: string): RemoteServerEntry {
  return createRemoteEntry({ serverName, title, url, source: 'catalog', auth: 'oauth2', registersClients: true });
}

/** Signs in by OAuth with a client that the user creates at `consoleUrl`. */
function preRegistered(
  serverName: string,
  title: string,
  url: string,
  consoleUrl: string,
  skillId = `connect-${serverName}-mcp`,
): RemoteServerEntry {
  return createRemoteEntry({
    serverName,
    title,
    url,
    source: 'catalog',
    auth: 'oauth2',
    registersClients: false,
    consoleUrl,
    skillId,
  });
}

/** The built-in catalog, in order of name. */
export const builtInServers: readonly RemoteServerEntry[] = [
  registering('amplitude', 'Amplitude', 'https://mcp.amplitude.com/mcp'),
  registering('atlassian', 'Atlassian', 'https://mcp.atlassian.com/v1/mcp/authv2'),
  // Google answers 200 to an anonymous `initialize` and 401 to the first call, so the kind has to be stated.
  preRegistered('bigquery', 'BigQuery', 'https://bigquery.googleapis.com/mcp', GOOGLE_CONSOLE_URL, GOOGLE_SKILL_ID),
  preRegistered('box', 'Box', 'https://mcp.box.com', 'https://app.box.com/developers/console'),
  registering('canva', 'Canva', 'https://mcp.canva.com/mcp'),
  createRemoteEntry({
    serverName: 'deepwiki',
    title: 'DeepWiki',
    url: 'https://mcp.deepwiki.com/mcp',
    source: 'catalog',
    auth: 'none',
  }),
  preRegistered('github', 'GitHub', 'https://api.githubcopilot.com/mcp/', 'https://github.com/settings/developers'),
  preRegistered(
    'google-drive',
    'Google Drive',
    'https://drivemcp.googleapis.com/mcp/v1',
    GOOGLE_CONSOLE_URL,
    GOOGLE_SKILL_ID,
  ),
  registering('granola', 'Granola', 'https://mcp.granola.ai/mcp'),
  preRegistered('hubspot', 'HubSpot', 'https://mcp.hubspot.com', 'https://app.hubspot.com/l/mcp-auth-apps/'),
  registering('intercom', 'Intercom', 'https://mcp.intercom.com/mcp'),
  registering('linear', 'Linear', 'https://mcp.linear.app/mcp'),
  // The management server, which an API key alone opens. The one that serves action functions
  // (https://api.nango.dev/mcp) also wants `connection-id` and `provider-config-key`: an entry of the user's file.
  createRemoteEntry({
    serverName: 'nango',
    title: 'Nango',
    url: 'https://mcp.nango.dev/mcp',
    source: 'catalog',
    auth: 'bearer',
    consoleUrl: 'https://app.nango.dev',
    skillId: 'connect-to-nango-mcp',
  }),
  registering('notion', 'Notion', 'https://mcp.notion.com/mcp'),
  // Lists its tools to anybody; only calls need the API key.
  createRemoteEntry({
    serverName: 'render',
    title: 'Render',
    url: 'https://mcp.render.com/mcp',
    source: 'catalog',
    auth: 'bearer',
    consoleUrl: 'https://dashboard.render.com/settings#api-keys',
  }),
  registering('sentry', 'Sentry', 'https://mcp.sentry.dev/mcp'),
  preRegistered('slack', 'Slack', 'https://mcp.slack.com/mcp', 'https://api.slack.com/apps'),
  registering('stripe', 'Stripe', 'https://mcp.stripe.com'),
  registering('supabase', 'Supabase', 'https://mcp.supabase.com/mcp'),
];
