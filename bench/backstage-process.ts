/**
 * The authorization server and the protected MCP server, in a process of their own as in life:
 * their work is not counted to any client.
 */
import { startAuthorizationServer } from '../test/support/authorization-server.js';
import { signInDirectly } from '../test/support/direct-client.js';
import { startProtectedServer } from '../test/support/protected-server.js';
import type { BackstageAnswer, BackstageOptions } from './backstage.js';

const options = JSON.parse(process.argv[2] ?? '{}') as BackstageOptions;
const authorizationServer = await startAuthorizationServer({ accessTokenTtlSeconds: options.accessTokenTtlSeconds });
const server = await startProtectedServer({ authorizationServer, extraTools: options.extraTools });

process.on('message', (question) => {
  if (question === 'refreshCount') answer({ refreshCount: authorizationServer.refreshCount() });
  // What the fixtures remember of each request would grow with the run.
  if (question === 'forgetRequests') server.forgetRequests();
});
process.on('disconnect', () => process.exit());

const tokens = await signInDirectly(authorizationServer, { resource: server.url, scope: 'mcp:tools' });
answer({ url: server.url, accessToken: tokens.accessToken });

function answer(message: BackstageAnswer): void {
  process.send?.(message);
}
