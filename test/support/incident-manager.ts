/**
 * The server of the seed's pattern A: its authorization server registers no clients, and the administrator has
 * created a confidential one.
 */
import type { AuthorizationServerFixture, AuthorizationServerOptions } from './authorization-server.js';
import type { ProtectedServerFixture, ProtectedServerOptions } from './protected-server.js';
import type { Stage } from './stage.js';

export const CLIENT_ID = 'mcp-server';
export const CLIENT_SECRET = 'correct horse: battery+staple%';
export const SCOPES = ['mcp:tools', 'openid', 'profile'];

export interface IncidentManager {
  readonly authorizationServer: AuthorizationServerFixture;
  readonly server: ProtectedServerFixture;
}

export async function incidentManager(
  stage: Stage,
  options: AuthorizationServerOptions & { readonly server?: ProtectedServerOptions } = {},
): Promise<IncidentManager> {
  const { server: serverOptions, ...authorizationServerOptions } = options;
  const authorizationServer = await stage.authorizationServer({
    registration: 'none',
    authMethods: ['client_secret_basic', 'client_secret_post'],
    scopes: SCOPES,
    clients: [{ clientId: CLIENT_ID, clientSecret: CLIENT_SECRET }],
    ...authorizationServerOptions,
  });
  return { authorizationServer, server: await stage.server({ authorizationServer, ...serverOptions }) };
}
