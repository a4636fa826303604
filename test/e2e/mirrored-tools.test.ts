/**
 * A whole process with `MCP_OAUTH_TOOLS=mirror`, behind a real authorization server: the tools and prompts of a server
 * that the user signed in to are the host's own.
 */
import { afterEach, expect, it } from 'vitest';
import { visit } from '../support/browser.js';
import { signIn } from '../support/signed-in.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

const mirror = { MCP_OAUTH_TOOLS: 'mirror' };

it('a host is told of the tools of a server that the user signed in to, calls them, and never sees a token', async () => {
  const { agent, server } = await signIn(stage, 'mailbox', { broker: { sdk: 'v1', env: mirror } });
  const { broker } = agent;
  await expect
    .poll(() => broker.stdout(), { timeout: 20_000 })
    .toContain('"method":"notifications/tools/list_changed"');
  const { tools } = await broker.client.listTools();
  expect(tools.map(({ name }) => name)).toContain('mailbox__whoami');

  expect((await broker.call('mailbox__whoami')).payload).toMatchObject({ subject: 'alice' });
  expect((await broker.call('mailbox__leak_token')).result.content).toEqual([
    { type: 'text', text: 'Authorization: Bearer [redacted]' },
  ]);
  expect(broker.stderr()).not.toContain('not supported');

  server.refuseTokensSeen();
  expect((await broker.call('mailbox__whoami')).payload).toMatchObject({ subject: 'alice' });
  expect(server.authorizationsSeen()).toHaveLength(2);
});

it('a host of 2026-07-28 finds the tools and prompts of the servers that were signed in to before it started', async () => {
  const { home, agent: first } = await signIn(stage, 'mailbox');
  expect((await first.broker.client.listTools()).tools).toHaveLength(7);
  const { broker } = await stage.agent({ home, env: mirror });
  const { tools } = await broker.client.listTools();
  expect(tools.map(({ name }) => name)).toContain('mailbox__whoami');
  expect((await broker.call('mailbox__whoami')).payload).toMatchObject({ subject: 'alice' });
  const { prompts } = await broker.client.listPrompts();
  expect(prompts.map(({ name }) => name)).toEqual(['mailbox__greet', 'mailbox__review']);
  expect(await broker.client.getPrompt({ name: 'mailbox__greet' })).toMatchObject({
    messages: [{ role: 'user', content: { type: 'text', text: 'Say hello.' } }],
  });

  await first.clear('mailbox');
  const asked = await broker.call('mailbox__whoami');
  expect(asked).toMatchObject({
    result: { isError: true },
    payload: { status: 'requires_auth', serverName: 'mailbox' },
  });
  await visit(String(asked.payload.authUrl));
  expect((await broker.call('mailbox__whoami')).payload).toMatchObject({ subject: 'alice' });
});
