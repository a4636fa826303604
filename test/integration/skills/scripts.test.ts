/** The portable scripts, alone in a bare folder: from an MCP server's URL to a token that it accepts. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { visit } from '../../support/browser.js';
import { freePort, isListening, until } from '../../support/loopback-port.js';
import { copyScripts, type ScriptFolder } from '../../support/script-run.js';
import { createStage } from '../../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

const REDIRECT_URI = 'http://127.0.0.1:27183/callback';
const isRedirect = (url: URL): boolean => url.pathname === '/callback';

async function signedInUrl(authorizationUrl: unknown, options = {}): Promise<string> {
  return (await visit(String(authorizationUrl), { stopBefore: isRedirect, ...options })).finalUrl;
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

/** Beside the running Node those of SCRIPT_NODES, paths with colons between them. */
const NODES = [process.execPath, ...(process.env['SCRIPT_NODES'] ?? '').split(':').filter((path) => path !== '')];

describe.each(NODES)('on %s', (node) => {
  let scripts: ScriptFolder;
  beforeAll(async () => {
    scripts = await copyScripts(node);
  });
  afterAll(() => scripts.remove());

  describe('a server that registers clients', () => {
    it('leads from its URL to a token in a file, and no secret is shown on the way', async () => {
      const authorizationServer = await stage.authorizationServer();
      const server = await stage.server({ authorizationServer });
      const [flow, tokens] = [scripts.file('flow.json'), scripts.file('tokens.json')];

      const status = await scripts.run('check-oauth-status', [server.url]);
      expect(status.json).toMatchObject({ status: 'requires_auth', authType: 'oauth2', authUrl: expect.any(String) });
      const discovered = await scripts.run('discover-oauth', [server.url, '--register', `--save=${flow}`]);
      expect(discovered.json).toMatchObject({
        status: 'discovered',
        client_id: expect.any(String),
        resource: server.url,
      });
      const built = await scripts.run('build-auth-url', [`--from=${flow}`]);
      expect(built.json).toMatchObject({ status: 'success', code_verifier: '[saved]', redirect_uri: REDIRECT_URI });
      const answer = await signedInUrl(built.json['authorization_url']);
      const exchanged = await scripts.run('exchange-token', [
        `--from=${flow}`,
        `--callback-url=${answer}`,
        `--out=${tokens}`,
      ]);
      expect(exchanged.json).toMatchObject({ status: 'success', access_token: '[redacted]', token_type: 'Bearer' });

      const kept = JSON.parse(await readFile(tokens, 'utf8')) as Record<string, string>;
      expect([await modeOf(flow), await modeOf(tokens)]).toEqual([0o600, 0o600]);
      const said = [discovered, built, exchanged].map(({ stdout, stderr }) => stdout + stderr).join('');
      for (const secret of [kept['access_token'], kept['refresh_token'], new URL(answer).searchParams.get('code')])
        expect(said).not.toContain(secret);
      expect((await scripts.run('check-oauth-status', [server.url, `--token-file=${tokens}`])).json).toMatchObject({
        status: 'available',
      });
    });

    it('a refreshed token replaces the old one in its file, refresh token included', async () => {
      const authorizationServer = await stage.authorizationServer();
      const server = await stage.server({ authorizationServer });
      const tokens = await signIn(server.url, 'refreshing');
      const before = JSON.parse(await readFile(tokens, 'utf8')) as Record<string, string>;
      authorizationServer.dropAccessTokens();
      const refused = await scripts.run('check-oauth-status', [server.url, `--token-file=${tokens}`]);
      expect(refused.json).toMatchObject({ status: 'requires_auth' });

      const refreshed = await scripts.run('exchange-token', ['--refresh', `--from=${tokens}`]);

      expect(refreshed.json).toMatchObject({
        status: 'success',
        access_token: '[redacted]',
        refresh_token: '[redacted]',
      });
      const after = JSON.parse(await readFile(tokens, 'utf8')) as Record<string, string>;
      expect(after['refresh_token']).not.toBe(before['refresh_token']);
      expect((await scripts.run('check-oauth-status', [server.url, `--token-file=${tokens}`])).json).toMatchObject({
        status: 'available',
      });
    });

    it('a file without a refresh token is said to need another sign-in', async () => {
      const tokens = scripts.file('unrefreshable.json');
      const kept = { access_token: 'held', token_endpoint: 'https://auth.example.com/token', client_id: 'a' };
      await writeFile(tokens, JSON.stringify(kept), { mode: 0o600 });
      const { exitCode, json } = await scripts.run('exchange-token', ['--refresh', `--from=${tokens}`]);
      expect(exitCode).toBe(1);
      expect(json).toMatchObject({ code: 'grant_rejected', hint: expect.stringContaining('Sign in again') });
    });

    it('--loopback waits for the browser by itself, and a stray answer does not end the wait', async () => {
      const authorizationServer = await stage.authorizationServer();
      const server = await stage.server({ authorizationServer });
      const redirectUri = `http://127.0.0.1:${await freePort()}/callback`;
      const flow = scripts.file('loopback.json');
      await scripts.run('discover-oauth', [
        server.url,
        '--register',
        `--redirect-uri=${redirectUri}`,
        `--save=${flow}`,
      ]);
      const built = await scripts.run('build-auth-url', [`--from=${flow}`]);
      const exchanging = scripts.run('exchange-token', [
        `--from=${flow}`,
        '--loopback',
        `--out=${scripts.file('l.json')}`,
      ]);

      expect(await statusOnceListening(`${redirectUri}?state=wrong&code=stolen`)).toBe(400);
      const page = await visit(String(built.json['authorization_url']));

      expect(page.status).toBe(200);
      expect((await exchanging).json).toMatchObject({ status: 'success' });
      expect(authorizationServer.requests('token')).toHaveLength(1);
    });

    async function signIn(url: string, name: string): Promise<string> {
      const [flow, tokens] = [scripts.file(`${name}-flow.json`), scripts.file(`${name}.json`)];
      await scripts.run('discover-oauth', [url, '--register', `--save=${flow}`]);
      const built = await scripts.run('build-auth-url', [`--from=${flow}`]);
      const answer = await signedInUrl(built.json['authorization_url']);
      await scripts.run('exchange-token', [`--from=${flow}`, `--callback-url=${answer}`, `--out=${tokens}`]);
      return tokens;
    }
  });

  describe('a confidential client that somebody created', () => {
    const CLIENT = { clientId: 'by hand', clientSecret: 'a secret: with +/ and %', redirectUris: [REDIRECT_URI] };

    async function authorized() {
      const authorizationServer = await stage.authorizationServer({ registration: 'none', clients: [CLIENT] });
      const built = await scripts.run('build-auth-url', [
        `${authorizationServer.issuer}/authorize`,
        `--client-id=${CLIENT.clientId}`,
        `--redirect-uri=${REDIRECT_URI}`,
        '--scope=mcp:tools',
      ]);
      const code = new URL(await signedInUrl(built.json['authorization_url'])).searchParams.get('code');
      const args = [
        `${authorizationServer.issuer}/token`,
        `--code=${code}`,
        `--code-verifier=${built.json['code_verifier']}`,
        `--client-id=${CLIENT.clientId}`,
        `--redirect-uri=${REDIRECT_URI}`,
      ];
      return { authorizationServer, args };
    }

    it('gives its secret in the environment, and gets the fields that the documentation shows', async () => {
      const { args } = await authorized();

      const { json, exitCode } = await scripts.run('exchange-token', args, {
        env: { OAUTH_CLIENT_SECRET: CLIENT.clientSecret },
      });

      expect({ json, exitCode }).toMatchObject({
        exitCode: 0,
        json: {
          status: 'success',
          access_token: expect.any(String),
          token_type: 'Bearer',
          expires_in: expect.any(Number),
          expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/u),
          usage: { header: `Authorization: Bearer ${json['access_token']}`, note: expect.any(String) },
        },
      });
    });

    it.each<[string, readonly string[], { input?: string }]>([
      ['a file', ['--client-secret-file=FILE'], {}],
      ['standard input', ['--client-secret-stdin'], { input: `${CLIENT.clientSecret}\n` }],
    ])('gives its secret in %s', async (_, given, options) => {
      const { args } = await authorized();
      const file = scripts.file('client-secret');
      await writeFile(file, `${CLIENT.clientSecret}\n`, { mode: 0o600 });

      const { json } = await scripts.run(
        'exchange-token',
        [...args, ...given.map((arg) => arg.replace('FILE', file))],
        options,
      );

      expect(json).toMatchObject({ status: 'success' });
      expect(json['warnings']).toEqual([expect.stringContaining('--code')]);
    });

    it('is warned of a secret among the arguments, which is not repeated', async () => {
      const { args } = await authorized();

      const { json, stdout, stderr } = await scripts.run('exchange-token', [
        ...args,
        `--client-secret=${CLIENT.clientSecret}`,
      ]);

      expect(json).toMatchObject({
        status: 'success',
        warnings: [expect.stringContaining('OAUTH_CLIENT_SECRET'), expect.anything()],
      });
      expect(stdout + stderr).not.toContain(CLIENT.clientSecret);
    });

    it('is told that its secret is missing, and exits with 1', async () => {
      const { args } = await authorized();

      const { json, exitCode } = await scripts.run('exchange-token', args);

      expect({ json, exitCode }).toMatchObject({
        exitCode: 1,
        json: { status: 'error', code: 'client_rejected', hint: expect.stringContaining('OAUTH_CLIENT_SECRET') },
      });
    });

    it('is sent as a form where the authorization server takes no Basic', async () => {
      const postOnly = { ...CLIENT, authMethod: 'client_secret_post' as const };
      const authorizationServer = await stage.authorizationServer({
        registration: 'none',
        clients: [postOnly],
        authMethods: ['client_secret_post'],
      });
      const server = await stage.server({ authorizationServer });
      const flow = scripts.file('post.json');
      await scripts.run('discover-oauth', [server.url, `--save=${flow}`]);
      const built = await scripts.run('build-auth-url', [
        `--from=${flow}`,
        `--client-id=${CLIENT.clientId}`,
        `--redirect-uri=${REDIRECT_URI}`,
      ]);
      const answer = await signedInUrl(built.json['authorization_url']);

      const { json } = await scripts.run('exchange-token', [`--from=${flow}`, `--callback-url=${answer}`], {
        env: { OAUTH_CLIENT_SECRET: CLIENT.clientSecret },
      });

      expect(json).toMatchObject({ status: 'success' });
      expect(authorizationServer.requests('token')).toHaveLength(1);
    });
  });

  it('answers with the same fields where the server cannot be asked', async () => {
    const { exitCode, json } = await scripts.run('check-oauth-status', [`http://127.0.0.1:${await freePort()}/mcp`]);
    expect(exitCode).toBe(1);
    expect(json).toMatchObject({ status: 'error', authUrl: null, authType: 'unknown', code: 'upstream_unreachable' });
    expect(json['message']).toBe(json['error']);
  });

  describe('the folder that the scripts lie in', () => {
    it.each(['module', 'commonjs'])('may belong to a package of type %s', async (type) => {
      const server = await stage.server();
      const copied = await copyScripts(node);
      await writeFile(copied.file('package.json'), JSON.stringify({ type }));

      const { json } = await copied.run('check-oauth-status', [server.url]);

      await copied.remove();
      expect(json).toMatchObject({ status: 'available', authUrl: null });
    });
  });
});

/** The listener binds when it binds: asked as soon as it listens. */
async function statusOnceListening(url: string): Promise<number> {
  await until(() => isListening(Number(new URL(url).port)));
  return (await fetch(url)).status;
}
