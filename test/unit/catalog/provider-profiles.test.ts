import { describe, expect, it } from 'vitest';
import { mayStateIssuer, profileIds } from '../../../src/catalog/find-profile.js';
import { type ProviderProfile, profileFor } from '../../../src/catalog/index.js';
import { providerProfiles } from '../../../src/catalog/provider-profiles.js';

const GUID = '9188040d-6c67-4c5b-b112-36a304b66dad';

describe('provider profiles', () => {
  it('are found by issuer, by the host of an issuer or endpoint, and by name', () => {
    expect(profileFor({ issuer: 'https://accounts.google.com' })).toMatchObject({
      authorizationParams: { access_type: 'offline', prompt: 'consent' },
    });
    expect(profileFor({ issuer: 'https://login.microsoftonline.com/3f1c/v2.0' })).toMatchObject({
      id: 'entra',
      omitResource: true,
      scopeOnRefresh: true,
    });
    expect(profileFor({ host: 'slack.com' })?.id).toBe('slack');
    expect(profileFor({ issuer: 'https://as.example', name: 'entra' })?.id).toBe('entra');
  });

  it.each([
    ['https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc', 'cognito'],
    ['https://acme.auth0.com/', 'auth0'],
    ['https://acme.us.auth0.com/', 'auth0'],
    ['https://acme.okta.com/oauth2/default', 'okta'],
  ])('know the hosts of tenants: %s', (issuer, id) => {
    expect(profileFor({ issuer })?.id).toBe(id);
  });

  it.each([
    'https://login.microsoftonline.com.evil.example',
    'https://evil.example/login.microsoftonline.com',
    'https://cognito-idp.evil.example.amazonaws.com/pool',
    'https://cognito-idp.eu-west-1.amazonaws.com.evil.example/pool',
    'https://auth0.com',
    'https://a.b.c.auth0.com',
    'https://evilokta.com',
    'not a URL',
  ])('T10 apply to nobody else: %s', (issuer) => {
    expect(profileFor({ issuer })).toBeUndefined();
  });

  it('T10 are not lent by the host of a server whose issuer is another', () => {
    expect(profileFor({ issuer: 'https://evil.example', host: 'github.com' })).toBeUndefined();
    expect(profileFor({ name: 'constructor' })).toBeUndefined();
    expect(profileFor({})).toBeUndefined();
  });

  it('are in order, each with a place where it is documented', () => {
    expect([...profileIds].sort()).toEqual(profileIds);
    for (const { id, sources } of providerProfiles)
      for (const source of sources) expect(new URL(source).protocol, id).toBe('https:');
  });

  it('name endpoints of their own hosts for each provider that a child process may get a token of', () => {
    const providers = providerProfiles.filter((profile) => profile.provider !== undefined);
    expect(providers.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['atlassian', 'box', 'entra', 'github', 'google', 'hubspot', 'notion', 'slack']),
    );
    for (const profile of providers) {
      for (const endpoint of endpointsOf(profile)) {
        expect(new URL(endpoint).protocol).toBe('https:');
        expect(profileFor({ host: new URL(endpoint).hostname })?.id).toBe(profile.id);
      }
    }
  });

  it('assume PKCE of few, all named', () => {
    const assumed = providerProfiles.filter((profile) => profile.assumePkce === true);
    expect(assumed.map(({ id }) => id)).toEqual(['cognito', 'entra', 'github']);
  });
});

describe('an issuer that is stated otherwise than it was asked for', () => {
  it.each([
    ['https://accounts.google.com/', 'https://accounts.google.com'],
    ['https://acme.eu.auth0.com', 'https://acme.eu.auth0.com/'],
    ['https://mcp.slack.com', 'https://slack.com'],
    ['https://mcp.atlassian.com', 'https://cf.mcp.atlassian.com'],
    ['https://auth.atlassian.com/VCeDsk8ZHncYF1g234fKtc4lNipbBhu3', 'https://auth.atlassian.com'],
    ['https://login.microsoftonline.com/organizations/v2.0', 'https://login.microsoftonline.com/{tenantid}/v2.0'],
    ['https://login.microsoftonline.com/contoso.com/v2.0', `https://login.microsoftonline.com/${GUID}/v2.0`],
    ['https://login.microsoftonline.com/contoso.com', `https://sts.windows.net/${GUID}/`],
  ])('is known of the provider: %s', (asked, stated) => {
    expect(mayStateIssuer(asked, stated)).toBe(true);
  });

  it.each([
    ['https://as.example', 'https://as.example/'],
    ['https://accounts.google.com', 'https://evil.example'],
    ['https://evil.example', 'https://accounts.google.com'],
    ['https://mcp.slack.com', 'https://slack.com.evil.example'],
    ['https://mcp.slack.com.evil.example', 'https://slack.com'],
    ['https://auth.atlassian.com/a/b', 'https://auth.atlassian.com'],
    ['https://auth.atlassian.com', 'https://mcp.atlassian.com'],
    ['https://login.microsoftonline.com/organizations/v2.0', 'https://login.microsoftonline.com/organizations'],
    ['https://login.microsoftonline.com/organizations/v2.0', `https://evil.example/${GUID}/v2.0`],
    ['https://login.microsoftonline.com/organizations/v2.0', `https://login.microsoftonline.com/${GUID}/v2.0/evil`],
    ['https://evil.example/organizations/v2.0', 'https://login.microsoftonline.com/{tenantid}/v2.0'],
  ])('T10 is nobody else: %s is not %s', (asked, stated) => {
    expect(mayStateIssuer(asked, stated)).toBe(false);
  });

  it('T10 stays within the hosts of a profile that the entry names', () => {
    expect(mayStateIssuer('https://login.acme.example', 'https://login.acme.example/', 'auth0')).toBe(true);
    expect(mayStateIssuer('https://login.acme.example', 'https://acme.auth0.com/', 'auth0')).toBe(false);
    expect(mayStateIssuer('https://evil.example', 'https://slack.com', 'slack')).toBe(false);
  });
});

function endpointsOf({ provider }: ProviderProfile): readonly string[] {
  if (provider === undefined) return [];
  const { authorizationEndpoint, tokenEndpoint, revocationEndpoint } = provider;
  return [authorizationEndpoint, tokenEndpoint, ...(revocationEndpoint === undefined ? [] : [revocationEndpoint])];
}
