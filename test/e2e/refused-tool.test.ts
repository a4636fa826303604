/**
 * A server that refuses one tool: what else is under way there, and the credential itself, are none the worse for it.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { type ComposedBroker, composedBroker } from '../support/composed-broker.js';
import { signIn } from '../support/signed-in.js';
import { createStage, writeServersFile } from '../support/stage.js';
import { temporaryHome } from '../support/temporary-home.js';

const NAME = 'strict';
const callOf = (name: string) => ({ endpoint: 'mcp', parameters: { method: 'tools/call', name } }) as const;
const NO_SUCH_TOKEN = { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } };

const stage = createStage();
afterEach(() => stage.close());

function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

describe('another call under way on the same connection', () => {
  it.each([
    ['403', { status: 403 }, { status: 'error', code: 'upstream_protocol_error' }],
    ['401, also after a refresh', NO_SUCH_TOKEN, { status: 'requires_auth', reason: 'token_rejected' }],
  ])('ends as it would have, though the server answers a tool with %s', async (_what, respond, payload) => {
    const { agent, server } = await signIn(stage, NAME);
    const { opened, open } = gate();
    server.bend({ ...callOf('echo'), holdBefore: opened });
    server.bend({ ...callOf('whoami'), respond });
    const slow = agent.callTool(NAME, 'echo', { text: 'still here' });
    await expect.poll(() => server.requests('mcp', callOf('echo').parameters).length).toBe(1);

    expect(await agent.callTool(NAME, 'whoami')).toMatchObject({ isOurs: true, payload });
    expect(await agent.callTool(NAME, 'write_note', { text: 'next' })).toMatchObject({ isOurs: false });
    open();

    expect((await slow).result.content).toEqual([{ type: 'text', text: 'still here' }]);
    expect(server.callCount('echo')).toBe(1);
  });
});

describe('a stored key', () => {
  async function withKey(value: string) {
    const server = await stage.server();
    const home = await temporaryHome();
    stage.keep({ close: home.remove });
    await writeServersFile(home, { mcpServers: { [NAME]: { url: server.url, auth: 'bearer' } } });
    const composed = stage.keep(await composedBroker({ home }));
    await store(composed, value);
    return { server, composed };
  }

  async function store({ broker, principal }: ComposedBroker, value: string): Promise<void> {
    expect(await broker.storeKey(principal, { serverName: NAME, value })).toMatchObject({ status: 'success' });
  }

  const callTool = ({ broker, principal }: ComposedBroker, toolName: string) =>
    broker.callTool(principal, { serverName: NAME, toolName });

  it('is not rejected by the 403 of one tool', async () => {
    const { server, composed } = await withKey('key-0123456789');
    server.bend({ ...callOf('fail'), respond: { status: 403 } });

    expect(await callTool(composed, 'fail')).toMatchObject({
      outcome: { status: 'error', code: 'upstream_protocol_error' },
    });

    expect(await callTool(composed, 'whoami')).toMatchObject({ kind: 'upstream' });
    expect(server.authorizationsSeen()).toEqual(['Bearer key-0123456789']);
  });

  it('is not rejected by a late 401 of the one that it replaced', async () => {
    const { server, composed } = await withKey('key-of-yesterday');
    const { opened, open } = gate();
    server.bend({ ...callOf('whoami'), times: 1, holdBefore: opened, respond: NO_SUCH_TOKEN });
    const late = callTool(composed, 'whoami');
    await expect.poll(() => server.requests('mcp', callOf('whoami').parameters).length).toBe(1);

    await store(composed, 'key-of-today');
    open();

    expect(await late).toMatchObject({ kind: 'upstream' });
    expect(server.requests('mcp').at(-1)?.headers.authorization).toBe('Bearer key-of-today');
    expect(await callTool(composed, 'whoami')).toMatchObject({ kind: 'upstream' });
  });

  it('is not rejected though two before it were refused late', async () => {
    const { server, composed } = await withKey('key-of-yesterday');
    const gates = [gate(), gate()];
    for (const { opened } of gates)
      server.bend({ ...callOf('whoami'), times: 1, holdBefore: opened, respond: NO_SUCH_TOKEN });
    const late = callTool(composed, 'whoami');
    for (const [index, { open }] of gates.entries()) {
      await expect.poll(() => server.requests('mcp', callOf('whoami').parameters).length).toBe(index + 1);
      await store(composed, `key-of-today-${index}`);
      open();
    }

    expect(await late).toMatchObject({ outcome: { reason: 'key_rejected' } });
    expect(await callTool(composed, 'whoami')).toMatchObject({ kind: 'upstream' });
  });

  it('is rejected by a 401, and asked for again', async () => {
    const { server, composed } = await withKey('key-0123456789');
    server.bend({ ...callOf('whoami'), times: 1, respond: NO_SUCH_TOKEN });

    for (let count = 0; count < 2; count += 1)
      expect(await callTool(composed, 'whoami')).toMatchObject({ outcome: { reason: 'key_rejected' } });
    expect(server.callCount('whoami')).toBe(0);
  });
});
