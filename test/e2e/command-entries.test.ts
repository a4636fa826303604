/** Entries that name a command: this version starts none, so nothing of the broker's can reach one. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createStage, writeServersFile } from '../support/stage.js';

const NAME = 'local';
const stage = createStage();
afterEach(() => stage.close());

it('T71 the command of an entry is not run, by whatever tool it is asked for', async () => {
  const home = await stage.home();
  const marker = join(home.path, 'started');
  const script = `require('node:fs').writeFileSync(${JSON.stringify(marker)}, JSON.stringify(process.env))`;
  await writeServersFile(home, { mcpServers: { [NAME]: { command: process.execPath, args: ['-e', script] } } });
  const agent = await stage.agent({ home });

  expect(await agent.connect(NAME)).toMatchObject({ status: 'error', code: 'invalid_input' });
  expect(await agent.callTool(NAME, 'anything')).toMatchObject({ isOurs: true, payload: { code: 'invalid_input' } });

  await expect(access(marker)).rejects.toMatchObject({ code: 'ENOENT' });
});
