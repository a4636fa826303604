/** Records for tests of the vault, whole and recognisable. */
import type { Grant, PendingAuthorization, TokenIndex } from '../../src/vault/index.js';

const owner = { team: 'personal', user: 'ada' };

export const GRANT_ID = ['personal', 'ada', 'linear', 'default'] as const;

const authorizationServer = {
  issuer: 'https://as.example',
  authorizationEndpoint: 'https://as.example/authorize',
  tokenEndpoint: 'https://as.example/token',
  issParameterSupported: true,
};

const client = { clientId: 'client-1', tokenEndpointAuthMethod: 'none', origin: 'registered' } as const;

export function grantOf(accessToken: string, rest: Partial<Grant> = {}): Grant {
  return {
    owner,
    serverName: 'linear',
    account: 'default',
    serverUrl: 'https://mcp.example/mcp',
    resource: 'https://mcp.example/mcp',
    authorizationServer,
    client,
    redirectUri: 'http://127.0.0.1:27182/oauth/callback',
    accessToken,
    refreshToken: `refresh-of-${accessToken}`,
    obtainedAt: 1,
    state: 'active',
    ...rest,
  };
}

export function pendingOf(state: string, expiresAt: number): PendingAuthorization {
  return {
    owner,
    serverName: 'linear',
    account: 'default',
    serverUrl: 'https://mcp.example/mcp',
    resource: null,
    flow: 'browser',
    authorizationServer,
    client,
    redirectUri: 'http://127.0.0.1:27182/oauth/callback',
    state,
    codeVerifier: `verifier-of-${state}`,
    authorizationUrl: `https://as.example/authorize?state=${state}`,
    launchToken: 'launch',
    scopeIsCallers: false,
    clientIsKept: false,
    createdAt: 1,
    expiresAt,
  };
}

export function tokenOf(expiresAt: number): TokenIndex {
  return {
    kind: 'state',
    principal: { team: 'personal', user: 'ada', agent: 'a' },
    owner,
    serverName: 'linear',
    account: 'default',
    expiresAt,
  };
}
