/** Entries that name a command: what a program that the whole product starts can learn of it. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createStage, writeServersFile } from '../support/stage.js';

const NAME = 'local';
const KEY = randomBytes(32).toString('base64');
const stage = createStage();
afterEach(() => stage.close());

it('T71 a program sees neither the vault’s key nor any other variable or argument of the broker', async () => {
  const home = await stage.home();
  const marker = join(home.path, 'seen.json');
  const script = `require('node:fs').writeFileSync(${JSON.stringify(marker)}, JSON.stringify(process.env))`;
  const entry = { command: process.execPath, args: ['-e', script], env: { OWN: 'of the entry' } };
  await writeServersFile(home, { mcpServers: { [NAME]: entry } });
  const agent = await stage.agent({ home, env: { MCP_OAUTH_KEY: KEY, SOME_SECRET: 'of the host' } });

  expect(await agent.connect(NAME)).toMatchObject({ status: 'error', code: 'upstream_unreachable' });

  const seen = JSON.parse(await readFile(marker, 'utf8')) as Record<string, string>;
  expect(seen['OWN']).toBe('of the entry');
  expect(Object.keys(seen).filter((name) => name.startsWith('MCP_OAUTH_') || name === 'SOME_SECRET')).toEqual([]);
  expect(Object.values(seen).join('\n')).not.toContain(KEY);
});
