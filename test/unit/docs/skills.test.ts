import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { helpfulSkills } from '../../../src/broker/helpful-skills.js';
import { builtInServers } from '../../../src/catalog/index.js';
import { providerProfiles } from '../../../src/catalog/provider-profiles.js';
import { ERROR_CODES } from '../../../src/core/errors.js';
import { SKILL_FILE_MAX_BYTES } from '../../../src/core/limits.js';
import { openSkillLibrary } from '../../../src/server/skills.js';
import { markdownFiles, PROJECT } from '../../support/markdown.js';

const FOLDER = join(PROJECT, 'skills');
const NAME_MAX_LENGTH = 64;
const DESCRIPTION_MAX_LENGTH = 1_024;
const BODY_MAX_LINES = 500;
const REASONS = [
  ...['registration_unavailable', 'registration_rejected', 'client_rejected', 'scope_rejected', 'insufficient_scope'],
  ...['confirmation_required', 'state_expired', 'grant_rejected', 'token_rejected', 'key_rejected', 'issuer_changed'],
  ...['refresh_outcome_unknown', 'secret_missing'],
];
const REDIRECT_URI = 'http://127.0.0.1:27182/oauth/callback';

const files = markdownFiles();
const ids = readdirSync(FOLDER);
const library = openSkillLibrary(FOLDER);

function fileOf(id: string) {
  return files.find(({ path }) => path === `skills/${id}/SKILL.md`);
}

describe('the skills that payloads name', () => {
  it.each([...builtInServers.map(({ serverName }) => serverName), 'a-server-of-the-user'])(
    'can all be read, for %s',
    async (serverName) => {
      const served = (await library.list()).map(({ id }) => id);
      for (const { id } of helpfulSkills({ serverName })) {
        expect(served).toContain(id);
        expect(await library.read(id)).toContain(`name: ${id}`);
      }
    },
  );

  it.each(
    builtInServers.filter(({ skillId }) => skillId !== undefined).map((entry) => [entry.serverName, entry] as const),
  )(
    'name the server, its URL and its console, for %s',
    async (serverName, { skillId = '', url, consoleUrl = '', auth }) => {
      const text = await library.read(skillId);
      for (const fact of [`\`${serverName}\``, url.replace(/\/$/u, ''), consoleUrl]) expect(text).toContain(fact);
      if (auth === 'oauth2') expect(text).toContain(REDIRECT_URI);
    },
  );
});

describe('what an agent reads after an error', () => {
  it('says what each code and reason of the contract is', async () => {
    const text = await library.read('mcp-server-oauth/references/troubleshooting.md');
    for (const code of ERROR_CODES) expect(text).toContain(`| \`${code}\` |`);
    for (const reason of REASONS) expect(text).toContain(`| \`${reason}\` |`);
  });

  it('can be read for every provider that is known by its address', async () => {
    const served = (await library.list()).map(({ id }) => id);
    const domains = providerProfiles.flatMap(({ serverDomains = [] }) => serverDomains);
    for (const domain of [...domains, 'nango.dev']) {
      const [, skill] = helpfulSkills({ serverName: 'mine', url: `https://mcp.${domain}/mcp` });
      expect(served).toContain(skill?.id);
    }
  });
});

describe('a provider that registers nobody', () => {
  const providers = providerProfiles.filter(({ registration }) => registration === 'none');

  it.each(providers.map(({ id, skill }) => [id, skill?.id ?? ''] as const))(
    'has a skill that says where a client is made, for %s',
    async (_id, skillId) => {
      const text = await library.read(skillId);
      expect(text).toContain(REDIRECT_URI);
      expect(text).toContain('mcp-oauth-broker connect');
      expect(text).toContain('does not go through the chat');
    },
  );
});

describe('the front matter of a skill', () => {
  it.each(ids)('of %s is what the format asks for', async (id) => {
    const fields = frontMatter(fileOf(id)?.text ?? '');
    expect(fields).toMatchObject({ name: id, license: 'MIT' });
    expect(id).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/u);
    expect(id.length).toBeLessThanOrEqual(NAME_MAX_LENGTH);
    expect(fields['description']?.length).toBeGreaterThan(50);
    expect(fields['description']?.length).toBeLessThanOrEqual(DESCRIPTION_MAX_LENGTH);
    expect(fields['description']).toMatch(/\bUse when\b/u);
    expect((await library.list()).find((skill) => skill.id === id)).toEqual({
      id,
      name: fields['name'],
      description: fields['description'],
    });
  });

  it('of the repository itself keeps installers from taking it for a skill to install', () => {
    const root = files.find(({ path }) => path === 'SKILL.md');
    expect(frontMatter(root?.text ?? '')).toMatchObject({ name: 'mcp-oauth-broker', 'metadata.internal': 'true' });
  });
});

describe('a skill', () => {
  it.each(files.filter(({ path }) => path.startsWith('skills/')).map((file) => [file.path, file] as const))(
    '%s is short enough to be served and read',
    (_path, { text }) => {
      expect(Buffer.byteLength(text)).toBeLessThan(SKILL_FILE_MAX_BYTES);
      expect(text.split('\n').length).toBeLessThan(BODY_MAX_LINES);
    },
  );
});

/** The fields as any YAML reader sees them: plain one-line values, one level of nesting, nothing that would need quotes. */
function frontMatter(text: string): Readonly<Record<string, string>> {
  const lines = /^---\n(.*?)\n---\n/su.exec(text)?.[1]?.split('\n') ?? [];
  const fields: Record<string, string> = {};
  let parent = '';
  for (const line of lines) {
    const field = /^(?<indent>(?: {2})?)(?<key>[a-z][a-z-]*):(?: (?<value>.+))?$/u.exec(line)?.groups;
    if (field === undefined) throw new Error(`no field: ${line}`);
    const { indent = '', key = '', value } = field;
    if (value === undefined) parent = key;
    else fields[indent === '' ? key : `${parent}.${key}`] = plainValue(value);
  }
  return fields;
}

function plainValue(value: string): string {
  const quoted = /^"([^"\\]*)"$/u.exec(value)?.[1];
  if (quoted !== undefined) return quoted;
  if (/: | #|^[-?:,[\]{}#&*!|>'"%@`]|\s$/u.test(value))
    throw new Error(`a YAML reader would take this for something else: ${value}`);
  return value;
}
