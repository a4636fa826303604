/** Discovery: what is believed of whom, in which order, and what is never asked. */
import { describe, expect, it } from 'vitest';
import { BrokerError } from '../../../src/core/errors.js';
import { NetworkFailure } from '../../../src/core/outbound.js';
import { type DiscoverOptions, type Discovery, discover } from '../../../src/oauth/index.js';
import { jsonAnswer, type ScriptedAnswer, scriptedFetch, textAnswer } from '../../support/scripted-fetch.js';

const SERVER = 'https://mcp.example/mcp';
const PRM = 'https://mcp.example/.well-known/oauth-protected-resource/mcp';
const PRM_ROOT = 'https://mcp.example/.well-known/oauth-protected-resource';
const ISSUER = 'https://as.example';
const AS = 'https://as.example/.well-known/oauth-authorization-server';
const OWN_AS = 'https://mcp.example/.well-known/oauth-authorization-server';

const serverMetadata = (issuer = ISSUER, members: Readonly<Record<string, unknown>> = {}) =>
  jsonAnswer(200, {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    code_challenge_methods_supported: ['S256'],
    ...members,
  });
const resourceMetadata = (members: Readonly<Record<string, unknown>> = {}) =>
  jsonAnswer(200, { resource: SERVER, authorization_servers: [ISSUER], scopes_supported: ['read'], ...members });

interface Run {
  readonly answers: Readonly<Record<string, ScriptedAnswer>>;
  readonly options?: Partial<DiscoverOptions>;
}

function run({ answers, options = {} }: Run) {
  const script = scriptedFetch(answers);
  const result = discover({ serverUrl: new URL(SERVER), fetch: script.fetch, ...options });
  const urls = () => script.requests.map(({ url }) => url);
  return { result, urls, requests: script.requests };
}

async function found(settings: Run): Promise<Extract<Discovery, { kind: 'authorization_server' }>> {
  const discovery = await run(settings).result;
  if (discovery.kind !== 'authorization_server') throw new Error(`found ${discovery.kind}`);
  return discovery;
}

describe('protected resource metadata', () => {
  it('leads to the authorization server, its resource and its scopes', async () => {
    const { result, urls } = run({ answers: { [PRM]: resourceMetadata(), [AS]: serverMetadata() } });
    expect(await result).toEqual({
      kind: 'authorization_server',
      resource: SERVER,
      protectedResource: { resource: SERVER, authorizationServers: [ISSUER], scopesSupported: ['read'] },
      authorizationServer: {
        issuer: ISSUER,
        authorizationEndpoint: `${ISSUER}/authorize`,
        tokenEndpoint: `${ISSUER}/token`,
        registrationEndpoint: `${ISSUER}/register`,
        codeChallengeMethodsSupported: ['S256'],
        issParameterSupported: false,
        source: 'metadata',
      },
    });
    expect(urls()).toEqual([PRM, AS]);
  });

  it('is asked for where the challenge says, before anywhere else', async () => {
    const { result, urls } = run({
      answers: { 'https://mcp.example/meta': resourceMetadata(), [AS]: serverMetadata() },
      options: { challenge: { scheme: 'Bearer', resourceMetadata: 'https://mcp.example/meta' } },
    });
    await result;
    expect(urls()).toEqual(['https://mcp.example/meta', AS]);
  });

  it.each([401, 403, 404, 405])('status %i of one place leads to the next', async (status) => {
    const answers = {
      [PRM]: textAnswer(status, ''),
      [PRM_ROOT]: resourceMetadata({ resource: 'https://mcp.example/' }),
      [AS]: serverMetadata(),
    };
    expect((await found({ answers })).resource).toBe('https://mcp.example/');
  });

  it('HTML with status 200 leads to the next', async () => {
    const answers = { [PRM]: textAnswer(200, '<html>'), [PRM_ROOT]: resourceMetadata(), [AS]: serverMetadata() };
    expect((await found({ answers })).resource).toBe(SERVER);
  });

  it.each([
    'https://victim.example/mcp',
    'https://mcp.example/other',
    'https://mcp.example/mc',
    'http://mcp.example/mcp',
  ])('T09 a resource that is %s ends it before any authorization server is asked', async (resource) => {
    const { result, urls } = run({
      answers: { [PRM]: resourceMetadata({ resource }), [PRM_ROOT]: resourceMetadata(), [AS]: serverMetadata() },
    });
    await expect(result).rejects.toMatchObject({ code: 'resource_mismatch', retryable: false });
    expect(urls()).toEqual([PRM]);
  });

  it('a server error is never taken for "there is none"', async () => {
    const { result, urls } = run({
      answers: { [PRM]: textAnswer(503, '', { 'retry-after': '7' }), [OWN_AS]: serverMetadata('https://mcp.example') },
    });
    await expect(result).rejects.toMatchObject({ code: 'discovery_failed', retryable: true, retryAfterSeconds: 7 });
    expect(urls()).toEqual([PRM, PRM_ROOT]);
  });

  it.each(['dns', 'timeout', 'reset', 'connect', 'truncated'] as const)(
    'a failure by %s is retryable',
    async (kind) => {
      const { result } = run({ answers: { [PRM]: new NetworkFailure(kind, true, 'gone') } });
      await expect(result).rejects.toMatchObject({ code: 'discovery_failed', retryable: true });
    },
  );

  it('T01 a place that we must not go to is said, and nothing else is asked', async () => {
    const { result, urls } = run({
      answers: { 'http://169.254.169.254/': new BrokerError('url_not_allowed', 'forbidden') },
      options: { challenge: { scheme: 'Bearer', resourceMetadata: 'http://169.254.169.254/' } },
    });
    await expect(result).rejects.toMatchObject({ code: 'url_not_allowed' });
    expect(urls()).toEqual(['http://169.254.169.254/']);
  });
});

describe('authorization servers', () => {
  it('a dead first one is skipped', async () => {
    const authorization_servers = ['https://dead.example', ISSUER];
    const answers = {
      [PRM]: resourceMetadata({ authorization_servers }),
      'https://dead.example/.well-known/oauth-authorization-server': new NetworkFailure('dns', false, 'gone'),
      'https://dead.example/.well-known/openid-configuration': new NetworkFailure('dns', false, 'gone'),
      [AS]: serverMetadata(),
    };
    expect((await found({ answers })).authorizationServer.issuer).toBe(ISSUER);
  });

  it('T02 one that we must not reach is skipped, and named as the reason where it is the only one', async () => {
    const forbidden = new BrokerError('url_not_allowed', 'forbidden');
    const answers = {
      [PRM]: resourceMetadata({ authorization_servers: ['https://10.0.0.1', ISSUER] }),
      'https://10.0.0.1/.well-known/oauth-authorization-server': forbidden,
      [AS]: serverMetadata(),
    };
    expect((await found({ answers })).authorizationServer.issuer).toBe(ISSUER);
    const only = run({
      answers: { ...answers, [PRM]: resourceMetadata({ authorization_servers: ['https://10.0.0.1'] }) },
    });
    await expect(only.result).rejects.toMatchObject({ code: 'url_not_allowed' });
  });

  it('at most five are asked', async () => {
    const authorization_servers = Array.from({ length: 50 }, (_, index) => `https://as${index}.example`);
    const { result, urls } = run({ answers: { [PRM]: resourceMetadata({ authorization_servers }) } });
    expect(await result).toMatchObject({ kind: 'none', protectedResource: { resource: SERVER } });
    expect(
      new Set(
        urls()
          .filter((url) => url.includes('//as'))
          .map((url) => new URL(url).host),
      ).size,
    ).toBe(5);
  });

  it('the one of the grant in hand is preferred while it is listed, and never otherwise', async () => {
    const answers = {
      [PRM]: resourceMetadata({ authorization_servers: ['https://other.example', ISSUER] }),
      [AS]: serverMetadata(),
      'https://other.example/.well-known/oauth-authorization-server': serverMetadata('https://other.example'),
    };
    expect((await found({ answers, options: { knownIssuer: ISSUER } })).authorizationServer.issuer).toBe(ISSUER);
    expect(
      (await found({ answers, options: { knownIssuer: 'https://gone.example' } })).authorizationServer.issuer,
    ).toBe('https://other.example');
  });

  it('with a path are found where OpenID Connect appends it, after every other place', async () => {
    const issuer = 'https://as.example/realms/one';
    const appended = `${issuer}/.well-known/openid-configuration`;
    const { result, urls } = run({
      answers: { [PRM]: resourceMetadata({ authorization_servers: [issuer] }), [appended]: serverMetadata(issuer) },
    });
    await result;
    expect(urls().slice(1)).toEqual([
      `${AS}/realms/one`,
      'https://as.example/.well-known/openid-configuration/realms/one',
      appended,
    ]);
  });

  it.each(['https://attacker.example', 'https://as.example/', 'https://AS.example'])(
    'T10 a document of issuer %s is not used',
    async (issuer) => {
      const { result, urls, requests } = run({
        answers: { [PRM]: resourceMetadata(), [AS]: serverMetadata(ISSUER, { issuer }) },
      });
      await expect(result).rejects.toMatchObject({ code: 'issuer_mismatch' });
      expect(urls()).toEqual([PRM, AS, 'https://as.example/.well-known/openid-configuration']);
      expect(requests.every(({ request }) => (request.method ?? 'GET') === 'GET')).toBe(true);
    },
  );

  it('T10 a document of another issuer leads to the next place', async () => {
    const answers = {
      [PRM]: resourceMetadata(),
      [AS]: serverMetadata('https://attacker.example'),
      'https://as.example/.well-known/openid-configuration': serverMetadata(),
    };
    expect((await found({ answers })).authorizationServer.issuer).toBe(ISSUER);
  });

  it('a server error of their metadata is retryable', async () => {
    const { result } = run({ answers: { [PRM]: resourceMetadata(), [AS]: textAnswer(500, '') } });
    await expect(result).rejects.toMatchObject({ code: 'discovery_failed', retryable: true });
  });

  it.each([
    'authorization_endpoint',
    'token_endpoint',
    'registration_endpoint',
    'revocation_endpoint',
    'pushed_authorization_request_endpoint',
    'device_authorization_endpoint',
  ])('T12 %s over plain http is refused', async (endpoint) => {
    const { result } = run({
      answers: { [PRM]: resourceMetadata(), [AS]: serverMetadata(ISSUER, { [endpoint]: 'http://as.example/x' }) },
    });
    await expect(result).rejects.toMatchObject({ code: 'insecure_url' });
  });

  it('T12 an issuer over plain http is refused', async () => {
    const { result, urls } = run({
      answers: { [PRM]: resourceMetadata({ authorization_servers: ['http://as.example'] }) },
    });
    await expect(result).rejects.toMatchObject({ code: 'insecure_url' });
    expect(urls()).toEqual([PRM]);
  });

  it('T16 an authorization endpoint that is a script is refused', async () => {
    const { result } = run({
      answers: {
        [PRM]: resourceMetadata(),
        [AS]: serverMetadata(ISSUER, { authorization_endpoint: 'javascript:alert(1)' }),
      },
    });
    await expect(result).rejects.toMatchObject({ code: 'url_not_allowed' });
  });

  it('T13 nothing else that metadata names is fetched', async () => {
    const hostile = 'http://169.254.169.254/latest';
    const more = {
      jwks_uri: hostile,
      logo_uri: hostile,
      client_uri: hostile,
      service_documentation: hostile,
      op_policy_uri: hostile,
      resource_documentation: hostile,
    };
    const { result, urls } = run({ answers: { [PRM]: resourceMetadata(more), [AS]: serverMetadata(ISSUER, more) } });
    expect(JSON.stringify(await result)).not.toContain('169.254');
    expect(urls()).toEqual([PRM, AS]);
  });

  it('members of a wrong type are as good as absent', async () => {
    const odd = {
      scopes_supported: 'read',
      grant_types_supported: null,
      revocation_endpoint: 7,
      authorization_response_iss_parameter_supported: 'yes',
    };
    const { authorizationServer } = await found({
      answers: { [PRM]: resourceMetadata(), [AS]: serverMetadata(ISSUER, odd) },
    });
    expect(authorizationServer).toMatchObject({ issParameterSupported: false });
    expect(authorizationServer).not.toHaveProperty('revocationEndpoint');
    expect(authorizationServer).not.toHaveProperty('scopesSupported');
  });
});

describe('a server without protected resource metadata', () => {
  it.each(['https://mcp.example', 'https://mcp.example/'])(
    'is its own authorization server, spelled %s',
    async (issuer) => {
      const discovery = await found({ answers: { [OWN_AS]: serverMetadata('https://mcp.example', { issuer }) } });
      expect(discovery.authorizationServer).toMatchObject({ issuer, source: 'metadata' });
      expect(discovery.resource).toBe(SERVER);
      expect(discovery).not.toHaveProperty('protectedResource');
    },
  );

  it('has the default endpoints of 2025-03-26 at last', async () => {
    expect(await found({ answers: {} })).toEqual({
      kind: 'authorization_server',
      resource: SERVER,
      authorizationServer: {
        issuer: 'https://mcp.example',
        authorizationEndpoint: 'https://mcp.example/authorize',
        tokenEndpoint: 'https://mcp.example/token',
        registrationEndpoint: 'https://mcp.example/register',
        issParameterSupported: false,
        source: 'default_endpoints',
      },
    });
  });

  it('T10 has no default endpoints where its metadata names another issuer', async () => {
    const { result } = run({ answers: { [OWN_AS]: serverMetadata('https://attacker.example') } });
    await expect(result).rejects.toMatchObject({ code: 'issuer_mismatch' });
  });

  it('has no default endpoints while its metadata cannot be read', async () => {
    const { result } = run({ answers: { [OWN_AS]: textAnswer(502, '') } });
    await expect(result).rejects.toMatchObject({ code: 'discovery_failed', retryable: true });
  });

  it('has none where there is protected resource metadata without authorization servers', async () => {
    expect(
      await run({ answers: { [PRM]: resourceMetadata({ authorization_servers: undefined }) } }).result,
    ).toMatchObject({ kind: 'none' });
  });
});

describe('what the user has configured', () => {
  const endpoints = {
    authorizationEndpoint: 'https://github.example/login/authorize',
    tokenEndpoint: 'https://github.example/login/token',
  };

  it('endpoints: nothing is asked', async () => {
    const { result, urls } = run({
      answers: {},
      options: { settings: { ...endpoints, issuer: 'https://github.example/login' } },
    });
    expect(await result).toEqual({
      kind: 'authorization_server',
      resource: SERVER,
      authorizationServer: {
        ...endpoints,
        issuer: 'https://github.example/login',
        issParameterSupported: false,
        source: 'configured',
      },
    });
    expect(urls()).toEqual([]);
  });

  it('endpoints without an issuer: it is marked as a guess', async () => {
    const { authorizationServer } = await found({ answers: {}, options: { settings: endpoints } });
    expect(authorizationServer).toMatchObject({ issuer: 'https://github.example', issuerAssumed: true });
  });

  it('T12 endpoints over plain http are refused', async () => {
    const { result } = run({
      answers: {},
      options: { settings: { ...endpoints, tokenEndpoint: 'http://github.example/token' } },
    });
    await expect(result).rejects.toMatchObject({ code: 'insecure_url' });
  });

  it('an issuer: the server cannot lead elsewhere', async () => {
    const answers = {
      [PRM]: resourceMetadata({ authorization_servers: ['https://attacker.example'] }),
      [AS]: serverMetadata(),
    };
    const { result, urls } = run({ answers, options: { settings: { issuer: ISSUER } } });
    expect(await result).toMatchObject({ authorizationServer: { issuer: ISSUER } });
    expect(urls().some((url) => url.includes('attacker'))).toBe(false);
  });

  it('a resource: sent as it is', async () => {
    const answers = { [PRM]: resourceMetadata(), [AS]: serverMetadata() };
    expect((await found({ answers, options: { settings: { resource: 'api://mcp' } } })).resource).toBe('api://mcp');
  });
});
