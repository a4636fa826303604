/**
 * Many calls at once, and servers that go away and come back in between: each call is answered by its own server,
 * or fails and says so, and none is sent again once a server may have acted on it (R15, R27, R30).
 */
import { describe, expect, it } from 'vitest';
import { composedBroker } from '../support/composed-broker.js';
import { composedStage } from '../support/composed-stage.js';
import type { McpEra } from '../support/protected-server.js';

const CALLS = 100;
const ERAS: readonly McpEra[] = ['legacy', 'modern', 'sse'];

const at = composedStage();

async function connect(serverName: string, era: McpEra) {
  const server = await at.stage.server({ era });
  const connected = await at.composed.broker.connect(at.composed.principal, { serverName, url: server.url });
  expect(connected).toMatchObject({ status: 'success' });
  return server;
}

const echo = (serverName: string, text: string) =>
  at.composed.broker.callTool(at.composed.principal, { serverName, toolName: 'echo', arguments: { text } });
const answered = (text: string) => ({ kind: 'upstream', result: { content: [{ type: 'text', text }] } });
const UNREACHABLE = {
  kind: 'outcome',
  outcome: { status: 'error', code: 'upstream_unreachable', retryable: true },
};

describe(`${CALLS} calls at once`, () => {
  it.each(ERAS)('to one %s server are each answered with their own answer, and each runs once', async (era) => {
    const server = await connect('one', era);
    const texts = Array.from({ length: CALLS }, (_, number) => `call ${number}`);
    const answers = await Promise.all(texts.map((text) => echo('one', text)));
    expect(answers).toMatchObject(texts.map(answered));
    expect(server.callCount('echo')).toBe(CALLS);
  });

  it('over ten servers of all eras are each answered by their own server', async () => {
    const names = Array.from({ length: 10 }, (_, number) => `server-${number}`);
    const servers = await Promise.all(names.map((name, number) => connect(name, ERAS[number % ERAS.length] ?? 'both')));
    const calls = Array.from({ length: CALLS }, (_, number) => ({ name: names[number % 10] ?? '', text: `${number}` }));
    const answers = await Promise.all(calls.map(({ name, text }) => echo(name, text)));
    expect(answers).toMatchObject(calls.map(({ text }) => answered(text)));
    expect(servers.map((server) => server.callCount('echo'))).toEqual(names.map(() => CALLS / 10));
  });
});

describe.each(ERAS.filter((era) => era !== 'sse'))('a %s server that goes away', (era) => {
  it('while calls are under way fails them, which are not sent again, and serves the next call when it is back', async () => {
    const server = await connect('coming', era);
    server.bend({ endpoint: 'mcp', parameters: { method: 'tools/call' }, afterForward: 'reset' });

    const lost = await Promise.all(Array.from({ length: 10 }, (_, number) => echo('coming', `lost ${number}`)));
    expect(lost).toMatchObject(lost.map(() => UNREACHABLE));
    expect(server.callCount('echo')).toBe(10);

    server.straighten();
    server.bend({ endpoint: 'mcp', beforeForward: 'reset' });
    expect(await echo('coming', 'nobody there')).toMatchObject(UNREACHABLE);
    expect(server.callCount('echo')).toBe(10);

    server.straighten();
    await server.dropSessions();
    expect(await echo('coming', 'back again')).toMatchObject(answered('back again'));
    expect(server.callCount('echo')).toBe(11);
  });

  it('is left out of a search of another process, which names it and finds the tools of the others', async () => {
    const server = await connect('away', era);
    await connect('there', era);
    server.bend({ endpoint: 'mcp', beforeForward: 'reset' });
    const other = at.stage.keep(await composedBroker({ home: at.home }));

    const found = await other.broker.searchTools(other.principal, { query: 'echo' });

    expect(found).toMatchObject({
      tools: [{ serverName: 'there', name: 'echo' }],
      skipped: [{ serverName: 'away', reason: 'upstream_unreachable' }],
    });
  });
});
