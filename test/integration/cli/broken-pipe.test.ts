/** The command line in a pipe whose reader leaves early, as `list | head` does. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { builtBroker } from '../../support/built-broker.js';
import { temporaryHome } from '../../support/temporary-home.js';

it('a reader that has seen enough ends the command without an error', async () => {
  const home = await temporaryHome();
  onTestFinished(() => home.remove());
  const child = spawn(process.execPath, [await builtBroker(), 'list', '--json'], {
    env: { MCP_OAUTH_HOME: home.path },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  child.stdout.destroy();
  const [exitCode] = await once(child, 'close');
  expect(complaints).toBe('');
  expect(exitCode).toBe(0);
});
