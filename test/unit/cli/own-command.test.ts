import { describe, expect, it } from 'vitest';
import { ownCommand } from '../../../src/cli/index.js';

describe('what a person types to start the program again', () => {
  it.each([
    ['installed', '/usr/local/bin/mcp-oauth-broker', {}, 'mcp-oauth-broker'],
    ['installed on Windows', 'C:\\n\\node_modules\\mcp-oauth-broker\\dist\\main.js', {}, 'mcp-oauth-broker'],
    [
      'by npx',
      '/home/u/.npm/_npx/1/node_modules/.bin/mcp-oauth-broker',
      { npm_command: 'exec' },
      'npx mcp-oauth-broker',
    ],
    ['as a dependency of a project', '/home/u/app/node_modules/.bin/mcp-oauth-broker', {}, 'npx mcp-oauth-broker'],
    [
      'as a dependency of this project, by its file',
      '/home/u/clone/node_modules/mcp-oauth-broker/dist/main.js',
      {},
      'npx mcp-oauth-broker',
    ],
    ['from a clone, in it', '/home/u/clone/dist/main.js', {}, 'node dist/main.js'],
    ['from a clone, elsewhere', '/elsewhere/a clone/dist/main.js', {}, 'node "/elsewhere/a clone/dist/main.js"'],
    ['from the source of a clone', '/home/u/clone/src/main.ts', {}, 'npx tsx src/main.ts'],
  ])('%s', (_, script, env, command) => {
    expect(ownCommand({ script, env, cwd: '/home/u/clone' })).toBe(command);
  });
});
