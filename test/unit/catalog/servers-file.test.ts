import { mkdtemp, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCatalog, isServerName } from '../../../src/catalog/index.js';
import { BrokerError } from '../../../src/core/errors.js';
import { type Log, silentLog } from '../../../src/core/log.js';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catalog-'));
  path = join(folder, 'servers.json');
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function catalogOf(log: Log = silentLog) {
  return createCatalog({ path, log });
}

async function write(text: string): Promise<void> {
  await writeFile(path, text);
}

/** What went wrong with the file, or with its entry `a` or `it`, as an agent would be told. */
async function problemOf(text: string): Promise<BrokerError> {
  await write(text);
  const catalog = catalogOf();
  const error = await Promise.all([catalog.findUserEntry('a'), catalog.findUserEntry('it')]).catch(
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof BrokerError)) throw new TypeError('the file was accepted');
  expect(error.code).toBe('invalid_input');
  return error;
}

/** The file with one entry. */
function file(entry: unknown): string {
  return JSON.stringify({ mcpServers: { it: entry } });
}

describe('reading', () => {
  it('takes a missing, an empty and a commented-out file as no servers', async () => {
    expect(await catalogOf().userEntries()).toEqual([]);
    await write('');
    expect(await catalogOf().userEntries()).toEqual([]);
    await write('// nothing yet\n');
    expect(await catalogOf().userEntries()).toEqual([]);
  });

  it('reads every key of the contract, with its defaults', async () => {
    await write(`{
      // comments and trailing commas are fine
      "mcpServers": {
        "linear": { "url": "https://mcp.linear.app/mcp" },
        "github": { "url": "https://example.com/mcp/", "type": "http",
          "oauth": { "issuer": "https://as.example", "authorizationEndpoint": "https://as.example/a", "tokenEndpoint": "https://as.example/t",
            "clientId": "c", "clientSecret": { "source": "env", "name": "GITHUB_CLIENT_SECRET" }, "scope": "", "redirectUri": "http://127.0.0.1:1/cb",
            "resource": "https://example.com", "authorizationParams": { "audience": "x" }, "assumePkce": true,
            "tokenEndpointAuthMethod": "private_key_jwt", "grantType": "id_jag", "assertion": { "source": "file", "path": "/t" },
            "idp": { "issuer": "https://idp.example", "clientId": "i", "clientSecret": "s" },
            "privateKey": { "source": "file", "path": "/k" }, "signingAlg": "ES256", "profile": "github" } },
        "acme": { "url": "http://127.0.0.1:9/mcp", "auth": "api_key", "value": "k", "header": "X-Key", "headerPrefix": "Key ",
          "headers": { "X-Workspace": "42" }, "transport": "sse", "credentialMode": "shared", "tools": { "allow": ["a*"], "deny": ["ab"] } },
        "local": { "command": "npx", "args": ["-y", "x"], "env": { "TOKEN": { "source": "oauth", "provider": "github" }, "NODE_OPTIONS": "--no-warnings" } },
      },
      "oauthProviders": { "github": { "authorizationEndpoint": "https://as.example/a", "tokenEndpoint": "https://as.example/t", "clientId": "c",
        "clientSecret": { "source": "org_secret", "name": "github" }, "scope": "repo read:org" } },
      "allowedRedirectUris": ["https://relay.example/cb"], "allowedPrivateHosts": ["wiki.internal"],
    }`);
    const catalog = catalogOf();
    expect(await catalog.findUserEntry('linear')).toEqual({
      kind: 'remote',
      serverName: 'linear',
      source: 'user',
      credentialMode: 'per_user',
      url: 'https://mcp.linear.app/mcp',
      auth: 'auto',
      header: 'X-API-Key',
      headerPrefix: '',
      headers: {},
      transport: 'auto',
      oauth: {},
    });
    const github = await catalog.findUserEntry('github');
    expect(github).toMatchObject({
      oauth: {
        scope: '',
        clientSecret: { source: 'env', name: 'GITHUB_CLIENT_SECRET' },
        signingAlg: 'ES256',
        profile: 'github',
      },
    });
    expect(github).toMatchObject({
      oauth: {
        idp: { issuer: 'https://idp.example' },
        privateKey: { source: 'file', path: '/k' },
        grantType: 'id_jag',
      },
    });
    expect(await catalog.findUserEntry('acme')).toMatchObject({
      auth: 'api_key',
      header: 'X-Key',
      headerPrefix: 'Key ',
      transport: 'sse',
      credentialMode: 'shared',
      tools: { deny: ['ab'] },
    });
    expect(await catalog.findUserEntry('local')).toMatchObject({
      kind: 'stdio',
      command: 'npx',
      args: ['-y', 'x'],
      env: { NODE_OPTIONS: '--no-warnings' },
    });
    expect(await catalog.findOAuthProvider('github')).toMatchObject({
      scope: 'repo read:org',
      clientSecret: { source: 'org_secret' },
    });
    expect(await catalog.settings()).toEqual({
      allowedRedirectUris: ['https://relay.example/cb'],
      allowedPrivateHosts: ['wiki.internal'],
    });
  });

  it.each([
    ['no JSON', '{\n  "mcpServers": {\n    "a": {,}\n  }\n}', 'line 3, column 11'],
    ['cut off', '{\n  "mcpServers": {', 'line 2, column'],
    ['a wrong type', '{\n  "mcpServers": {\n    "a": { "url": 7 }\n  }\n}', 'line 3, column 19'],
    [
      'a wrong value deep inside',
      '{ "mcpServers": { "a": {\n "url": "https://a.example",\n "oauth": { "grantType": "magic" } } } }',
      'line 3, column 26',
    ],
    ['neither url nor command', '{\n "mcpServers": { "a": {} } }', 'line 2, column 23'],
    [
      'both url and command',
      '{\n "mcpServers": { "a": { "url": "https://a.example", "command": "x" } } }',
      'line 2, column 23',
    ],
    ['a list', '[]', 'line 1, column 1'],
    [
      'a name twice',
      '{ "mcpServers": {\n "a": { "url": "https://a.example" },\n "a": { "url": "https://evil.example" } } }',
      'line 3, column 2',
    ],
    [
      'an unknown profile',
      '{ "mcpServers": { "a": { "url": "https://a.example",\n "oauth": { "profile": "nope" } } } }',
      'line 2, column 24',
    ],
    ['a URL of another scheme', '{ "mcpServers": {\n "a": { "url": "file:///etc/passwd" } } }', 'line 2, column 16'],
    [
      'a header with a line break',
      '{ "mcpServers": {\n "a": { "url": "https://a.example", "headers": { "X-A": "b\\r\\nX-B: c" } } } }',
      'line 2, column 57',
    ],
  ])('tells the line and column of %s', async (_what, text, place) => {
    expect((await problemOf(text)).message).toContain(place);
  });

  it('loses no other entry by one that is wrong, and tells file, line, entry and what to do', async () => {
    await write(`{ "mcpServers": {
      "good": { "url": "https://good.example/mcp" },
      "bad": { "url": 7 },
      "no name": { "url": "https://a.example" } },
    "oauthProviders": { "here": { "clientId": "c" }, "there": { "clientId": "" } } }`);
    const catalog = catalogOf();

    expect((await catalog.userEntries()).map(({ serverName }) => serverName)).toEqual(['good']);
    expect(await catalog.findUserEntry('good')).toMatchObject({ url: 'https://good.example/mcp' });
    const problem = await catalog.findUserEntry('bad').catch((error: unknown) => error);
    expect(problem).toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining(`${path}, line 3, column 23: the entry "bad" cannot be used: url: `),
      nextStep: expect.stringContaining(`mend the entry "bad" of ${path} at line 3, column 23`),
    });
    expect(await catalog.findOAuthProvider('here')).toMatchObject({ clientId: 'c' });
    await expect(catalog.findOAuthProvider('there')).rejects.toMatchObject({ code: 'invalid_input' });
    expect((await catalog.fileNotes()).map(({ message }) => message)).toEqual([
      expect.stringContaining('line 3, column 23: the entry "bad"'),
      expect.stringContaining('line 4, column 7: the entry "no name" cannot be used: a name is 1 to 64 letters'),
      expect.stringContaining('line 5, column 77: the entry "there"'),
    ]);
  });

  it('takes no built-in server for an entry of the same name that is wrong', async () => {
    await write('{ "mcpServers": { "linear": { "url": 7 } } }');
    await expect(catalogOf().findUserEntry('linear')).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it('goes on with an entry as it was while that one is broken', async () => {
    const catalog = catalogOf();
    await write(file({ url: 'https://one.example/' }));
    await catalog.userEntries();
    await write('{ "mcpServers": { "it": { "url": 7 }, "other": { "url": "https://other.example/" } } }');
    expect(await catalog.findUserEntry('it')).toMatchObject({ url: 'https://one.example/' });
    expect(await catalog.findUserEntry('other')).toMatchObject({ url: 'https://other.example/' });
    await write('{ "mcpServers": { "other": { "url": "https://other.example/" } } }');
    expect(await catalog.findUserEntry('it')).toBeUndefined();
  });

  it('names what nobody reads or expands, once in the log, and without its value', async () => {
    const warnings: string[] = [];
    const catalog = catalogOf({ ...silentLog, warn: (fields) => warnings.push(String(fields['note'])) });
    await write(`{ "mcpServers": {
      "a": { "url": "https://a.example", "headers": { "Authorization": "Bearer \${CANARY_4711}" },
        "oauth": { "clientid": "c", "scope": "x" } },
      "b": { "command": "sh", "args": ["-c", "echo \${HOME}"] } } }`);

    const notes = (await catalog.fileNotes()).map(({ message }) => message);

    expect(notes).toEqual([
      expect.stringMatching(
        /servers\.json, line 3, column 20: mcpServers\.a\.oauth\.clientid is no key that is read; perhaps "clientId" was meant\.$/,
      ),
      expect.stringMatching(
        /servers\.json, line 2, column 72: mcpServers\.a\.headers\.Authorization holds "\$\{…\}", which is sent as it is/,
      ),
    ]);
    expect(notes.join()).not.toContain('CANARY');
    await catalog.userEntries();
    expect(warnings).toEqual(notes);
  });

  it.each([
    [
      'a misspelt key',
      '"a": { "url": "https://a.example", "hedaers": {} }',
      'mcpServers\\.a\\.hedaers .* "headers" was meant',
    ],
    ['two letters changed round', '"a": { "url": "https://a.example", "ouath": {} }', 'ouath .* "oauth" was meant'],
    ['a key of other entries', '"a": { "command": "x", "headers": {} }', '"a" knows .*command, args'],
  ])('hints at what was meant by %s', async (_what, entry, hint) => {
    await write(`{ "mcpServers": { ${entry} } }`);
    expect((await catalogOf().fileNotes()).map(({ message }) => message)).toEqual([
      expect.stringMatching(new RegExp(hint, 'u')),
    ]);
  });

  it('takes no offence at the keys of other hosts, and tells of unknown ones of the file and of a provider', async () => {
    await write(`{ "inputs": [], "allowedPrivateHost": [], "mcpServers": {
      "a": { "type": "http", "url": "https://a.example", "disabled": false, "alwaysAllow": [] },
      "b": { "type": "stdio", "command": "x", "envFile": "y", "timeout": 3 } },
      "oauthProviders": { "g": { "issuer": "https://g.example", "client_id": "c" } } }`);
    expect((await catalogOf().fileNotes()).map(({ message }) => message)).toEqual([
      expect.stringMatching(/allowedPrivateHost is no key .* "allowedPrivateHosts" was meant/u),
      expect.stringMatching(/oauthProviders\.g\.client_id is no key .* "clientId" was meant/u),
    ]);
  });

  it.each([
    ['{,}', 'a value is missing'],
    ['{ mcpServers: {} }', 'text needs double quotes'],
    ['{ "mcpServers" {} }', 'a ":" is missing after the name'],
    ['{ "a": "C:\\x" }', 'a path needs two of them'],
  ])('says in words why %s is no JSON', async (text, words) => {
    expect((await problemOf(text)).message).toContain(words);
  });

  it('does not repeat a value of the file in its error', async () => {
    const problem = await problemOf(
      '{ "mcpServers": { "a": { "url": "https://a.example", "value": { "source": "canary-4711" } } } }',
    );
    expect(`${problem.message} ${problem.nextStep}`).not.toContain('canary-4711');
  });

  it('T86 refuses deep nesting and an oversized file instead of falling over', async () => {
    expect((await problemOf('['.repeat(50_000))).message).toContain('nested too deeply');
    expect((await problemOf(`{"x":"${'x'.repeat(1_100_000)}"}`)).message).toContain('larger than');
  });

  it('sees a change at the next lookup, even one that leaves size and time as they were', async () => {
    const catalog = catalogOf();
    const at = new Date();
    await write(file({ url: 'https://one.example/' }));
    await utimes(path, at, at);
    expect(await catalog.findUserEntry('it')).toMatchObject({ url: 'https://one.example/' });
    await write(file({ url: 'https://two.example/' }));
    await utimes(path, at, at);
    expect(await catalog.findUserEntry('it')).toMatchObject({ url: 'https://two.example/' });
  });

  it('sees a file that was put in the place of an old one', async () => {
    const catalog = catalogOf();
    const old = new Date(1_700_000_000_000);
    await write(file({ url: 'https://one.example/' }));
    await utimes(path, old, old);
    expect(await catalog.findUserEntry('it')).toMatchObject({ url: 'https://one.example/' });
    await writeFile(`${path}.new`, file({ url: 'https://two.example/' }));
    await utimes(`${path}.new`, old, old);
    await rename(`${path}.new`, path);
    expect(await catalog.findUserEntry('it')).toMatchObject({ url: 'https://two.example/' });
  });

  it('goes on with the last good one while the file is broken, warns once, and recovers', async () => {
    const warnings: string[] = [];
    const catalog = catalogOf({ ...silentLog, warn: (fields) => warnings.push(String(fields['problem'])) });
    await write(file({ url: 'https://one.example/' }));
    await catalog.userEntries();
    await write('{ "mcpServers": ');
    expect(await catalog.findUserEntry('it')).toMatchObject({ url: 'https://one.example/' });
    expect(await catalog.findUserEntry('it')).toMatchObject({ url: 'https://one.example/' });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('line 1');
    await write(file({ url: 'https://two.example/' }));
    expect(await catalog.findUserEntry('it')).toMatchObject({ url: 'https://two.example/' });
    await rm(path);
    expect(await catalog.userEntries()).toEqual([]);
  });
});

describe('hostile content', () => {
  it('T59 never expands ${VAR} or %VAR%', async () => {
    const expandable = '${HOME} %PATH% $HOME';
    await write(
      JSON.stringify({
        mcpServers: {
          remote: { url: 'https://a.example/${HOME}', headers: { 'X-A': expandable }, oauth: { clientId: expandable } },
          local: { command: '${SHELL}', args: [expandable], env: { A: expandable } },
        },
      }),
    );
    const catalog = catalogOf();
    expect(await catalog.findUserEntry('remote')).toMatchObject({
      url: 'https://a.example/${HOME}',
      headers: { 'X-A': expandable },
      oauth: { clientId: expandable },
    });
    expect(await catalog.findUserEntry('local')).toMatchObject({
      command: '${SHELL}',
      args: [expandable],
      env: { A: expandable },
    });
    expect((await problemOf(file({ url: 'https://${HOST}/mcp' }))).message).toContain('must be an http or https URL');
  });

  it('T61 refuses names that are none, and leaves the prototype alone', async () => {
    for (const name of [
      '__proto__',
      '../../x',
      'a\0b',
      'x'.repeat(65),
      'x'.repeat(10_000),
      '',
      '.a',
      '-a',
      'a b',
      'a/b',
    ]) {
      expect(isServerName(name)).toBe(false);
      await write(`{ "mcpServers": { ${JSON.stringify(name)}: { "url": "https://a.example" } } }`);
      const catalog = catalogOf();
      expect(await catalog.userEntries().catch(() => [])).toEqual([]);
      expect(JSON.stringify(await catalog.fileNotes().catch(String))).toMatch(/name/);
    }
    await problemOf(
      '{ "mcpServers": { "a": { "url": "https://a.example", "headers": { "__proto__": { "polluted": "x" } } } } }',
    );
    expect(({} as { polluted?: string }).polluted).toBeUndefined();
    await write(file({ url: 'https://a.example' }));
    expect(await catalogOf().findUserEntry('constructor')).toBeUndefined();
    expect(await catalogOf().findUserEntry('toString')).toBeUndefined();
    expect(catalogOf().findBuiltIn('constructor')).toBeUndefined();
  });

  it('T63 refuses look-alike, bidirectional and invisible characters in names', () => {
    for (const name of ['lіnear', 'linear\u202e', 'linear\u{e0041}', 'lin\u200bear', 'ｌinear', 'linear\n'])
      expect(isServerName(name)).toBe(false);
    for (const name of ['linear', 'google-drive', 'A.b_c-9', '9', 'x'.repeat(64)])
      expect(isServerName(name)).toBe(true);
  });

  it('T70 lets no credential go into a variable that loads code', async () => {
    const secret = { source: 'user_secret', name: 'x' };
    for (const name of [
      'NODE_OPTIONS',
      'LD_PRELOAD',
      'DYLD_INSERT_LIBRARIES',
      'PATH',
      'Path',
      'BASH_ENV',
      'PYTHONSTARTUP',
      'JAVA_TOOL_OPTIONS',
    ]) {
      await problemOf(file({ command: 'x', env: { [name]: secret } }));
    }
    await problemOf(file({ command: 'x', env: { 'A=B': 'x' } }));
    await write(file({ command: 'x', env: { GITHUB_TOKEN: secret, PATH: '/bin' } }));
    expect(await catalogOf().findUserEntry('it')).toMatchObject({ env: { GITHUB_TOKEN: secret, PATH: '/bin' } });
  });
});

describe('writing', () => {
  it('keeps comments, order, unknown keys, tabs and line ends', async () => {
    const before =
      '{\r\n\t// mine\r\n\t"theme": "dark", /* unknown */\r\n\t"mcpServers": {\r\n\t\t"b": { "url": "https://b.example", "x-note": 1 }, // keep\r\n\t},\r\n}\r\n';
    await write(before);
    const catalog = catalogOf();
    await catalog.addUserEntry('a', { url: 'https://a.example/mcp' });
    const after = await readFile(path, 'utf8');
    for (const kept of ['// mine', '"theme": "dark", /* unknown */', '"x-note": 1', '// keep'])
      expect(after).toContain(kept);
    expect(after.replaceAll('\r\n', '')).not.toContain('\n');
    expect(await catalog.findUserEntry('a')).toMatchObject({ url: 'https://a.example/mcp' });
    expect(await catalog.removeUserEntry('a')).toBe(true);
    const removed = await readFile(path, 'utf8');
    for (const kept of ['// mine', '"theme": "dark", /* unknown */', '"x-note": 1', '// keep'])
      expect(removed).toContain(kept);
    expect(await catalog.findUserEntry('a')).toBeUndefined();
    expect(await catalog.removeUserEntry('a')).toBe(false);
  });

  it('T72 makes the file and leaves it readable by its owner only, with nothing lying about', async () => {
    path = join(folder, 'new', 'servers.json');
    await catalogOf().addUserEntry('local', { command: 'npx', args: ['-y', 'x'] });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'new'))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(folder, 'new'))).toEqual(['servers.json']);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      mcpServers: { local: { command: 'npx', args: ['-y', 'x'] } },
    });
  });

  it('follows a link to the file instead of replacing it', async () => {
    const real = join(folder, 'real.json');
    await writeFile(real, '{}');
    await symlink(real, path);
    await catalogOf().addUserEntry('a', { url: 'https://a.example' });
    expect(await readFile(real, 'utf8')).toContain('https://a.example');
  });

  it('T57 never gives a name another URL', async () => {
    const catalog = catalogOf();
    await catalog.addUserEntry('a', { url: 'https://a.example' });
    await expect(catalog.addUserEntry('a', { url: 'https://evil.example' })).rejects.toMatchObject({
      code: 'invalid_input',
    });
    expect(await catalog.findUserEntry('a')).toMatchObject({ url: 'https://a.example' });
  });

  it('never writes over a broken file, nor something broken', async () => {
    await write('{ broken');
    await expect(catalogOf().addUserEntry('a', { url: 'https://a.example' })).rejects.toMatchObject({
      code: 'invalid_input',
    });
    await expect(catalogOf().removeUserEntry('a')).rejects.toMatchObject({ code: 'invalid_input' });
    expect(await readFile(path, 'utf8')).toBe('{ broken');
    await write('{}');
    await expect(catalogOf().addUserEntry('__proto__', { url: 'https://a.example' })).rejects.toMatchObject({
      code: 'invalid_input',
    });
    await expect(catalogOf().addUserEntry('a', { url: 'javascript:alert(1)' })).rejects.toMatchObject({
      code: 'invalid_input',
    });
    expect(await readFile(path, 'utf8')).toBe('{}');
  });

  it('writes beside an entry that is wrong, and removes one', async () => {
    await write('{ "mcpServers": { "a": { "url": 7 } } }');
    await expect(catalogOf().addUserEntry('a', { url: 'https://a.example' })).rejects.toMatchObject({
      code: 'invalid_input',
    });
    await catalogOf().addUserEntry('b', { url: 'https://b.example' });
    expect(await catalogOf().removeUserEntry('a')).toBe(true);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ mcpServers: { b: { url: 'https://b.example' } } });
  });

  it('loses no write when two catalogs share one lease', async () => {
    let turn: Promise<unknown> = Promise.resolve();
    function exclusive<T>(work: () => Promise<T>): Promise<T> {
      const result = turn.then(work);
      turn = result.catch(() => undefined);
      return result;
    }
    const catalogs = [
      createCatalog({ path, log: silentLog, exclusive }),
      createCatalog({ path, log: silentLog, exclusive }),
    ];
    const names = Array.from({ length: 20 }, (_, index) => `s${index}`);
    await Promise.all(
      names.map((name, index) => catalogs[index % 2]?.addUserEntry(name, { url: 'https://a.example' })),
    );
    expect((await catalogOf().userEntries()).map((entry) => entry.serverName).sort()).toEqual([...names].sort());
  });
});
