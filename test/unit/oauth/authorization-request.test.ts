/** The URL that the user visits. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type AuthorizationRequestOptions, assertPkce, createAuthorizationRequest } from '../../../src/oauth/index.js';

function request(overrides: Partial<AuthorizationRequestOptions> & { readonly endpoint?: string } = {}) {
  const { endpoint = 'https://as.example/authorize', ...options } = overrides;
  return createAuthorizationRequest({
    authorizationServer: { authorizationEndpoint: endpoint },
    clientId: 'client-1',
    redirectUri: 'http://127.0.0.1:27182/oauth/callback',
    scope: 'read',
    resource: 'https://mcp.example/mcp',
    ...options,
  });
}

async function parametersOf(overrides: Parameters<typeof request>[0] = {}): Promise<URLSearchParams> {
  return new URL((await request(overrides)).authorizationUrl).searchParams;
}

describe('createAuthorizationRequest', () => {
  it('asks for a code with PKCE, state, scope and resource', async () => {
    const { authorizationUrl, state, codeVerifier } = await request();
    const url = new URL(authorizationUrl);
    expect(url.origin + url.pathname).toBe('https://as.example/authorize');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'client-1',
      redirect_uri: 'http://127.0.0.1:27182/oauth/callback',
      state,
      code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
      code_challenge_method: 'S256',
      scope: 'read',
      resource: 'https://mcp.example/mcp',
    });
  });

  it('parts scopes as the provider wants them, and leaves alone what its caller has parted so', async () => {
    const scope = 'read write offline_access';
    expect((await parametersOf({ scope, scopeSeparator: ',' })).get('scope')).toBe('read,write,offline_access');
    expect((await parametersOf({ scope: 'read,write', scopeSeparator: ',' })).get('scope')).toBe('read,write');
    expect((await parametersOf({ scope: 'read  write' })).get('scope')).toBe('read  write');
  });

  it('does not send a parameter that is left empty, the consent that goes with offline_access included', async () => {
    const scope = 'read offline_access';
    expect((await parametersOf({ scope })).get('prompt')).toBe('consent');
    const parameters = await parametersOf({ scope, extraParameters: { prompt: '', audience: '' } });
    expect(parameters.has('prompt')).toBe(false);
    expect(parameters.has('audience')).toBe(false);
  });

  it('T21 state and verifier are 256 bits each, new each time, and neither is in the other', async () => {
    const requests = await Promise.all(Array.from({ length: 50 }, () => request()));
    const values = requests.flatMap(({ state, codeVerifier }) => [state, codeVerifier]);
    expect(new Set(values).size).toBe(100);
    for (const value of values) expect(Buffer.from(value, 'base64url')).toHaveLength(32);
    for (const { state, codeVerifier, authorizationUrl } of requests) {
      expect(authorizationUrl).not.toContain(codeVerifier);
      expect(createHash('sha256').update(state).digest('base64url')).not.toBe(codeVerifier);
      expect(createHash('sha256').update(codeVerifier).digest('base64url')).not.toBe(state);
    }
  });

  it('T19 what the endpoint pre-fills is replaced: exactly one of each parameter, with our value', async () => {
    const parameters = await parametersOf({
      endpoint:
        'https://as.example/authorize?client_id=evil&client_id=evil2&redirect_uri=https://evil.example&response_type=token&state=fixed&scope=admin&code_challenge_method=plain&resource=https://victim.example&request_uri=urn:x&response_mode=fragment&tenant=7',
    });
    for (const name of new Set(parameters.keys())) expect([name, parameters.getAll(name).length]).toEqual([name, 1]);
    expect(parameters.get('client_id')).toBe('client-1');
    expect(parameters.get('redirect_uri')).toBe('http://127.0.0.1:27182/oauth/callback');
    expect(parameters.get('response_type')).toBe('code');
    expect(parameters.get('code_challenge_method')).toBe('S256');
    expect(parameters.get('scope')).toBe('read');
    expect(parameters.get('resource')).toBe('https://mcp.example/mcp');
    expect(parameters.get('state')).not.toBe('fixed');
    expect(parameters.has('request_uri')).toBe(false);
    expect(parameters.has('response_mode')).toBe(false);
    expect(parameters.get('tenant')).toBe('7');
  });

  it('T19 a parameter of the user file cannot replace ours', async () => {
    const parameters = await parametersOf({
      extraParameters: { access_type: 'offline', state: 'fixed', redirect_uri: 'https://evil.example' },
    });
    expect(parameters.get('access_type')).toBe('offline');
    expect(parameters.get('state')).not.toBe('fixed');
    expect(parameters.get('redirect_uri')).toBe('http://127.0.0.1:27182/oauth/callback');
  });

  it('sends no scope and no resource where none is wanted, whatever the endpoint pre-fills', async () => {
    const parameters = await parametersOf({
      endpoint: 'https://as.example/authorize?scope=all&resource=x',
      scope: undefined,
      resource: null,
    });
    expect(parameters.has('scope')).toBe(false);
    expect(parameters.has('resource')).toBe(false);
  });

  it('asks for consent with offline_access only, and leaves the user file its own prompt', async () => {
    expect((await parametersOf({ scope: 'read offline_access' })).get('prompt')).toBe('consent');
    expect((await parametersOf({ scope: 'read' })).has('prompt')).toBe(false);
    expect(
      (await parametersOf({ scope: 'read offline_access', extraParameters: { prompt: 'select_account' } })).getAll(
        'prompt',
      ),
    ).toEqual(['select_account']);
  });

  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'vbscript:x',
    'vscode://x',
    'https://good@evil.example/',
    'not a url',
  ])('T16 %s is refused', async (endpoint) => {
    await expect(request({ endpoint })).rejects.toMatchObject({ code: 'url_not_allowed' });
  });

  it.each([
    'https://www.$(calc.exe).com/',
    'https://www.`id`.com/',
    'https://a"&calc&".com/',
    'https://-oProxyCommand.example/',
    "https://a'b.example/",
  ])('T17 %s is refused', async (endpoint) => {
    await expect(request({ endpoint })).rejects.toMatchObject({ code: 'url_not_allowed' });
  });

  it('T12 plain http is refused, except on loopback', async () => {
    await expect(request({ endpoint: 'http://as.example/authorize' })).rejects.toMatchObject({ code: 'insecure_url' });
    await expect(request({ endpoint: 'http://127.0.0.1:9/authorize' })).resolves.toHaveProperty('state');
    await expect(request({ endpoint: 'http://[::1]:9/authorize' })).resolves.toHaveProperty('state');
  });
});

describe('assertPkce', () => {
  it.each([undefined, [], ['plain']])('T20 metadata that lists %j is refused', (codeChallengeMethodsSupported) => {
    const server = {
      source: 'metadata' as const,
      ...(codeChallengeMethodsSupported && { codeChallengeMethodsSupported }),
    };
    expect(() => assertPkce(server, false)).toThrowError(expect.objectContaining({ code: 'pkce_unsupported' }));
    expect(() => assertPkce(server, true)).not.toThrow();
  });

  it('T20 S256 in the metadata, or no metadata at all, is no refusal', () => {
    expect(() =>
      assertPkce({ source: 'metadata', codeChallengeMethodsSupported: ['plain', 'S256'] }, false),
    ).not.toThrow();
    expect(() => assertPkce({ source: 'default_endpoints' }, false)).not.toThrow();
    expect(() => assertPkce({ source: 'configured' }, false)).not.toThrow();
  });
});
