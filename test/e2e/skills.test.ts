import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtInServers } from '../../src/catalog/index.js';
import { type BrokerProcess, startBroker } from '../support/broker-process.js';

const SKILL_IDS = [
  'connect-asana-mcp',
  'connect-box-mcp',
  'connect-cognito-mcp',
  'connect-entra-mcp',
  'connect-github-mcp',
  'connect-google-mcp',
  'connect-hubspot-mcp',
  'connect-okta-mcp',
  'connect-slack-mcp',
  'connect-to-nango-mcp',
  'mcp-oauth-setup',
  'mcp-server-oauth',
];

describe('an agent of the built broker', () => {
  let broker: BrokerProcess;

  beforeAll(async () => {
    broker = await startBroker();
  });

  afterAll(() => broker.close());

  const read = async (id: string): Promise<string> => {
    const { result } = await broker.call('get_skill', { id });
    expect(result.isError ?? false).toBe(false);
    return (result.content as { readonly text: string }[])[0]?.text ?? '';
  };

  it('is given the list of the skills that are shipped', async () => {
    const { payload } = await broker.call('get_skill');
    expect((payload['skills'] as { readonly id: string }[]).map(({ id }) => id)).toEqual(SKILL_IDS);
  });

  it('can read the skill that the catalog names for a server, and the general one', async () => {
    const named = builtInServers.flatMap(({ skillId }) => skillId ?? []);
    for (const id of new Set(['mcp-server-oauth', ...named])) expect(await read(id)).toContain(`\nname: ${id}\n`);
  });

  it.each([
    ['mcp-server-oauth', ['patterns', 'payloads', 'platforms', 'scripts', 'troubleshooting']],
    ['mcp-oauth-setup', ['flow', 'interface', 'schema', 'tokens', 'tools']],
  ])('can read every file that %s links', async (id, names) => {
    const linked = [...(await read(id)).matchAll(/\]\((references\/[^)]+)\)/gu)].map((match) => match[1]);
    expect([...new Set(linked)].sort()).toEqual(names.map((name) => `references/${name}.md`));
    for (const file of linked) expect(await read(`${id}/${file}`)).toMatch(/^# /u);
  });

  it('is pointed to the skill of the server beside the general one, and can read both', async () => {
    const payload = await broker.connect({ serverName: 'nango' });
    expect(payload).toMatchObject({ status: 'requires_auth', authType: 'bearer' });
    const ids = (payload['helpfulSkills'] as { readonly id: string }[]).map(({ id }) => id);
    expect(ids).toEqual(['mcp-server-oauth', 'connect-to-nango-mcp']);
    for (const id of ids) expect(await read(id)).toContain(`name: ${id}`);
  });

  it('reads the same as resources', async () => {
    const { resources } = await broker.client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(SKILL_IDS.map((id) => `skill://${id}/SKILL.md`));
    const { contents } = await broker.client.readResource({ uri: 'skill://connect-github-mcp/SKILL.md' });
    expect(contents).toMatchObject([{ mimeType: 'text/markdown', text: await read('connect-github-mcp') }]);
  });
});
