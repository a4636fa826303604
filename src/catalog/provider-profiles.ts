/**
 * How known providers differ from the standards, as data, in order of id. Read from their documentation and from their
 * users' reports, autumn 2026; what every authorization server may do is cured for all in `oauth`, not here.
 */
import { entraProfile } from './entra-profile.js';
import type { ProviderProfile } from './provider-profile.js';

export const providerProfiles: readonly ProviderProfile[] = [
  {
    id: 'asana',
    issuers: ['https://app.asana.com'],
    hosts: ['app.asana.com'],
    registration: 'none',
    skill: { id: 'connect-asana-mcp', name: 'Connect to Asana' },
    advice: 'Asana takes confidential clients only: create an MCP app in its developer console.',
    sources: ['https://developers.asana.com/docs/integrating-with-asanas-mcp-server'],
  },
  {
    id: 'atlassian',
    issuers: [],
    hosts: ['mcp.atlassian.com', 'cf.mcp.atlassian.com', 'auth.atlassian.com'],
    statedIssuers: [
      { asked: /^https:\/\/mcp\.atlassian\.com\/?$/u, stated: /^https:\/\/cf\.mcp\.atlassian\.com$/u },
      // The server lists `…/<id>`; the metadata found there leave the path out.
      { asked: /^https:\/\/auth\.atlassian\.com\/[\w-]+$/u, stated: /^https:\/\/auth\.atlassian\.com$/u },
    ],
    advice: 'One sign-in is for one Atlassian site: give each further site an account of its own.',
    provider: {
      authorizationEndpoint: 'https://auth.atlassian.com/authorize',
      tokenEndpoint: 'https://auth.atlassian.com/oauth/token',
      authorizationParams: { audience: 'api.atlassian.com', prompt: 'consent' },
      offlineAccess: true,
      tokenEndpointAuthMethod: 'client_secret_post',
      tokenRequestFormat: 'json',
    },
    sources: [
      'https://github.com/atlassian/atlassian-mcp-server/issues/205',
      'https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/',
    ],
  },
  {
    id: 'auth0',
    issuers: [],
    hosts: ['*.auth0.com', '*.*.auth0.com'],
    issuerSlashOptional: true,
    advice:
      'Auth0 reads "resource" only with its Resource Parameter Compatibility Profile; without it, name the API under oauth.authorizationParams.audience.',
    sources: ['https://auth0.com/ai/docs/mcp/guides/resource-param-compatibility-profile'],
  },
  {
    id: 'box',
    issuers: [],
    hosts: ['api.box.com', 'account.box.com'],
    tokenEndpointAuthMethod: 'client_secret_post',
    registration: 'none',
    skill: { id: 'connect-box-mcp', name: 'Connect to Box' },
    advice: "Box registers nobody: an administrator makes the client in Box's Admin Console.",
    provider: {
      authorizationEndpoint: 'https://account.box.com/api/oauth2/authorize',
      tokenEndpoint: 'https://api.box.com/oauth2/token',
      revocationEndpoint: 'https://api.box.com/oauth2/revoke',
    },
    sources: [
      'https://developer.box.com/guides/authentication/oauth2',
      'https://developer.box.com/guides/box-mcp/remote',
    ],
  },
  {
    id: 'clickup',
    issuers: [],
    hosts: ['mcp.clickup.com'],
    registration: 'approved_clients',
    advice: 'ClickUp registers only clients that it has approved; otherwise a client of your own is needed.',
    sources: ['https://developer.clickup.com/docs/connect-an-ai-assistant-to-clickups-mcp-server'],
  },
  {
    id: 'cognito',
    issuers: [],
    hosts: ['cognito-idp.*.amazonaws.com', '*.auth.*.amazoncognito.com'],
    assumePkce: true,
    registration: 'none',
    skill: { id: 'connect-cognito-mcp', name: 'Connect to Amazon Cognito' },
    advice: 'Cognito compares the redirect URI with those of its app client, port included.',
    sources: [
      'https://docs.aws.amazon.com/cognito/latest/developerguide/using-pkce-in-authorization-code.html',
      'https://github.com/anthropics/claude-code/issues/13275',
    ],
  },
  {
    id: 'datadog',
    issuers: [],
    hosts: ['*.datadoghq.com', '*.*.datadoghq.com', '*.datadoghq.eu'],
    advice: "Each Datadog site has a server and clients of its own: use the URL of your organisation's site.",
    sources: ['https://github.com/PostHog/posthog/issues/85619'],
  },
  entraProfile,
  {
    id: 'figma',
    issuers: ['https://api.figma.com'],
    hosts: ['api.figma.com'],
    // It registers with the method `none`, hands out a secret, and then refuses to be without it.
    tokenEndpointAuthMethod: 'client_secret_post',
    registration: 'approved_clients',
    advice: 'Figma registers only clients that it has approved by name; otherwise a client of your own is needed.',
    sources: [
      'https://developers.figma.com/docs/figma-mcp-server/',
      'https://github.com/NousResearch/hermes-agent/pull/73141',
    ],
  },
  {
    id: 'github',
    issuers: ['https://github.com/login/oauth'],
    hosts: ['github.com'],
    assumePkce: true,
    offlineAccess: false,
    tokenEndpointAuthMethod: 'client_secret_post',
    registration: 'none',
    skill: { id: 'connect-github-mcp', name: 'Connect to GitHub' },
    advice: 'The token of a GitHub OAuth app does not expire: it is used until GitHub refuses it.',
    provider: {
      authorizationEndpoint: 'https://github.com/login/oauth/authorize',
      tokenEndpoint: 'https://github.com/login/oauth/access_token',
    },
    sources: ['https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps'],
  },
  {
    id: 'google',
    issuers: ['https://accounts.google.com', 'https://accounts.google.com/'],
    hosts: ['accounts.google.com', 'oauth2.googleapis.com'],
    // A refresh token comes only so, and with the second sign-in only after consent.
    authorizationParams: { access_type: 'offline', prompt: 'consent' },
    offlineAccess: false,
    issuerSlashOptional: true,
    registration: 'none',
    skill: { id: 'connect-google-mcp', name: 'Connect to Google' },
    provider: {
      authorizationEndpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
      tokenEndpoint: 'https://oauth2.googleapis.com/token',
      revocationEndpoint: 'https://oauth2.googleapis.com/revoke',
      tokenEndpointAuthMethod: 'client_secret_post',
    },
    sources: [
      'https://developers.google.com/identity/protocols/oauth2/web-server',
      'https://github.com/github/copilot-cli/issues/4606',
    ],
  },
  {
    id: 'hubspot',
    issuers: ['https://mcp.hubspot.com'],
    hosts: ['mcp.hubspot.com', 'app.hubspot.com', 'api.hubapi.com'],
    offlineAccess: false,
    tokenEndpointAuthMethod: 'client_secret_post',
    registration: 'none',
    skill: { id: 'connect-hubspot-mcp', name: 'Connect to HubSpot' },
    provider: {
      authorizationEndpoint: 'https://app.hubspot.com/oauth/authorize',
      tokenEndpoint: 'https://api.hubapi.com/oauth/2026-09/token',
    },
    sources: [
      'https://developers.hubspot.com/docs/apps/developer-platform/build-apps/integrate-with-the-remote-hubspot-mcp-server',
      'https://developers.hubspot.com/docs/api-reference/latest/authentication/manage-oauth-tokens',
    ],
  },
  {
    id: 'jumpcloud',
    issuers: [],
    hosts: ['oauth.id.jumpcloud.com'],
    issuerSlashOptional: true,
    sources: ['https://github.com/anomalyco/opencode/issues/50036'],
  },
  {
    id: 'keycloak',
    issuers: [],
    hosts: [],
    advice:
      'Keycloak puts the server into "aud" only by an audience mapper or the experimental resource indicators, and registers strangers only where a policy trusts them.',
    sources: ['https://www.keycloak.org/securing-apps/mcp-authz-server'],
  },
  {
    id: 'linear',
    issuers: [],
    hosts: ['linear.app', 'api.linear.app'],
    scopeSeparator: ',',
    provider: {
      authorizationEndpoint: 'https://linear.app/oauth/authorize',
      tokenEndpoint: 'https://api.linear.app/oauth/token',
      revocationEndpoint: 'https://api.linear.app/oauth/revoke',
    },
    sources: ['https://linear.app/developers/oauth-2-0-authentication'],
  },
  {
    id: 'notion',
    issuers: [],
    hosts: ['api.notion.com'],
    authorizationParams: { owner: 'user' },
    tokenEndpointAuthMethod: 'client_secret_basic',
    tokenRequestFormat: 'json',
    provider: {
      authorizationEndpoint: 'https://api.notion.com/v1/oauth/authorize',
      tokenEndpoint: 'https://api.notion.com/v1/oauth/token',
    },
    sources: ['https://developers.notion.com/guides/get-started/authorization'],
  },
  {
    id: 'okta',
    issuers: [],
    hosts: ['*.okta.com', '*.oktapreview.com', '*.okta-emea.com'],
    registration: 'none',
    skill: { id: 'connect-okta-mcp', name: 'Connect to Okta' },
    advice: 'Okta registers clients for administrators only: create an app integration and give its client ID.',
    sources: ['https://developer.okta.com/docs/api/openapi/okta-oauth/oauth/client/'],
  },
  {
    id: 'slack',
    issuers: ['https://mcp.slack.com', 'https://slack.com'],
    hosts: ['mcp.slack.com', 'slack.com'],
    offlineAccess: false,
    tokenEndpointAuthMethod: 'client_secret_post',
    bearerTokenTypes: ['user', 'bot'],
    tokenErrors: {
      internal_error: 'temporarily_unavailable',
      fatal_error: 'temporarily_unavailable',
      service_unavailable: 'temporarily_unavailable',
      ratelimited: 'temporarily_unavailable',
      request_timeout: 'temporarily_unavailable',
    },
    statedIssuers: [{ asked: /^https:\/\/mcp\.slack\.com$/u, stated: /^https:\/\/slack\.com$/u }],
    registration: 'none',
    skill: { id: 'connect-slack-mcp', name: 'Connect to Slack' },
    advice: 'Slack answers for published and internal apps only.',
    provider: {
      authorizationEndpoint: 'https://slack.com/oauth/v2_user/authorize',
      tokenEndpoint: 'https://slack.com/api/oauth.v2.user.access',
      scopeSeparator: ',',
    },
    sources: [
      'https://docs.slack.dev/ai/slack-mcp-server/',
      'https://docs.slack.dev/reference/methods/oauth.v2.user.access',
      'https://docs.slack.dev/authentication/installing-with-oauth',
    ],
  },
  {
    id: 'vercel',
    issuers: ['https://vercel.com'],
    hosts: ['vercel.com'],
    // The resource's metadata list `openid` alone; without this scope the sign-in lasts an hour.
    offlineAccess: true,
    advice: 'Vercel registers clients with loopback redirect URIs only.',
    sources: [
      'https://vercel.com/docs/sign-in-with-vercel/authorization-server-api',
      'https://github.com/UsefulSoftwareCo/executor/pull/1951',
    ],
  },
];
