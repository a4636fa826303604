/**
 * Microsoft Entra ID, which names itself by tenant: asked for all tenants, a domain name or "consumers", it states the
 * template or the tenant's GUID as its issuer, and without `/v2.0` in the path another host altogether.
 */
import type { ProviderProfile } from './provider-profile.js';

const HOSTS = 'login\\.(?:microsoftonline\\.(?:com|us)|partner\\.microsoftonline\\.cn)';
const TENANT = '(?:\\{tenantid\\}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})';

export const entraProfile: ProviderProfile = {
  id: 'entra',
  issuers: [],
  hosts: [
    'login.microsoftonline.com',
    'login.microsoftonline.us',
    'login.partner.microsoftonline.cn',
    'sts.windows.net',
  ],
  omitResource: true,
  assumePkce: true,
  offlineAccess: true,
  // A forced consent page asks for an administrator even where one has consented for the whole tenant.
  authorizationParams: { prompt: '' },
  scopeOnRefresh: true,
  tokenErrors: { interaction_required: 'invalid_grant' },
  statedIssuers: [
    {
      asked: new RegExp(`^https://${HOSTS}/[\\w.-]+/v2\\.0/?$`, 'u'),
      stated: new RegExp(`^https://${HOSTS}/${TENANT}/v2\\.0$`, 'u'),
    },
    {
      asked: new RegExp(`^https://${HOSTS}/[\\w.-]+/?$`, 'u'),
      stated: new RegExp(`^https://sts\\.windows\\.net/${TENANT}/$`, 'u'),
    },
  ],
  registration: 'none',
  skill: { id: 'connect-entra-mcp', name: 'Connect to Microsoft Entra ID' },
  advice: 'Entra names the API by its scope (api://…/name or …/.default); it refuses the server\'s URL as "resource".',
  provider: {
    authorizationEndpoint: 'https://login.microsoftonline.com/common/oauth2/v2.0/authorize',
    tokenEndpoint: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
  },
  sources: [
    'https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow',
    'https://github.com/anthropics/claude-code/issues/73460',
    'https://github.com/anthropics/claude-code/issues/94804',
    'https://github.com/MicrosoftDocs/azure-docs/issues/38427',
  ],
};
