/**
 * A sign-in that is cleared or replaced while its code is being exchanged: what it brings comes too late.
 */
import { afterEach, expect, it } from 'vitest';
import { isCallback, visit } from '../support/browser.js';
import { signIn } from '../support/signed-in.js';
import { createStage } from '../support/stage.js';

const NAME = 'notes';

const stage = createStage();
afterEach(() => stage.close());

it.each([
  ['cleared', () => undefined],
  ['replaced', <T extends object>(pending: T | undefined) => pending && { ...pending, state: 'another-state' }],
])('leaves the grant in hand as it is, and its tokens are revoked: %s', async (_what, withdrawn) => {
  const toolsRequiringScope = { write_note: 'mcp:write' };
  const { agent, authorizationServer, grants } = await signIn(stage, NAME, { server: { toolsRequiringScope } });
  const before = await grants.find(NAME);
  const { payload } = await agent.callTool(NAME, 'write_note', { text: 'hello' });
  const { finalUrl } = await visit(String(payload.authUrl), { stopBefore: isCallback });
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  authorizationServer.bend({ endpoint: 'token', times: 1, holdAfter: held });
  authorizationServer.forgetRequests();

  const answering = fetch(finalUrl);
  await expect.poll(() => authorizationServer.requests('token').length).toBe(1);
  await grants.changePending(NAME, withdrawn);
  release();

  expect((await answering).status).toBe(400);
  expect(await grants.find(NAME)).toEqual(before);
  const revoked = authorizationServer.requests('revocation').map(({ parameters }) => parameters.token);
  expect(revoked).toHaveLength(2);
  expect(revoked).not.toContain(before?.value.refreshToken);
  expect(await agent.callTool(NAME, 'whoami')).toMatchObject({ isOurs: false, payload: { scope: 'mcp:tools' } });
});
