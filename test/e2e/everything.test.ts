/**
 * The reference server that uses everything there is, over each transport: what a host gets through the product is what
 * it gets directly. Beside what the contract changes (`ways.ts`), this is not compared, as it is never twice the same:
 * the time of day in a text or in the bytes of a blob, the id of a session, and of the environment all but one variable.
 */

import type { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brokerEnvironment } from '../support/broker-process.js';
import { builtBroker } from '../support/built-broker.js';
import { ChildTransport } from '../support/child-transport.js';
import { type Everything, type EverythingTransport, MARK, startEverything, TRANSPORTS } from '../support/everything.js';
import { createStage } from '../support/stage.js';
import { directWay, type Way, wayThroughBroker } from '../support/ways.js';
import { startWillingHost, type WillingHost } from '../support/willing-host.js';

type Json = Readonly<Record<string, unknown>>;

const NAME = 'everything';
const SET_UP_MS = 120_000;
const PATIENCE_MS = 30_000;

const stage = createStage();
afterAll(() => stage.close());

/** How each tool is called, which of them ask the host, and with what they are called so that they refuse. */
const CALLS: Readonly<Record<string, readonly Json[]>> = {
  echo: [{ message: 'grüße \u{1f30d}' }, {}],
  'get-annotated-message': [
    { messageType: 'error', includeImage: true },
    { messageType: 'success' },
    { messageType: 'debug' },
  ],
  'get-env': [{}],
  'get-resource-links': [{ count: 4 }, { count: 11 }],
  'get-resource-reference': [{ resourceType: 'Blob', resourceId: 2 }, { resourceId: -1 }],
  'get-roots-list': [{}],
  'get-structured-content': [{ location: 'Chicago' }, { location: 'Paris' }],
  'get-sum': [{ a: 1, b: 2.5 }, { a: 'one' }],
  'get-tiny-image': [{}],
  'gzip-file-as-resource': [
    { name: 'a.gz', data: 'data:text/plain,hello', outputType: 'resource' },
    { name: 'b.gz', data: 'data:text/plain,hello' },
    { name: 'c.gz', data: 'ftp://nowhere.example' },
  ],
  // It can only be called as a task (an experiment of 2025-11-25), and says so.
  'simulate-research-query': [{ topic: 'bees' }],
  'toggle-simulated-logging': [{}, {}],
  'toggle-subscriber-updates': [{}, {}],
  'trigger-elicitation-request': [{}],
  'trigger-long-running-operation': [{ duration: 0.2, steps: 4 }],
  'trigger-sampling-request': [{ prompt: 'Say hi', maxTokens: 20 }],
  'trigger-url-elicitation': [
    { url: 'https://pay.example/now', message: 'Pay', elicitationId: 'mine' },
    // It wants another page to be visited first, and goes on when it is called again.
    { url: 'https://pay.example/then', message: 'Pay', elicitationId: 'other', errorPath: true },
    { url: 'https://pay.example/then', message: 'Pay', elicitationId: 'other', errorPath: true },
  ],
};

const PROMPTS: Readonly<Record<string, readonly Json[]>> = {
  'simple-prompt': [{}],
  'args-prompt': [{ city: 'Paris' }, { city: 'Austin', state: 'Texas' }, {}],
  'completable-prompt': [{ department: 'Sales', name: 'Eve' }],
  'resource-prompt': [
    { resourceType: 'Text', resourceId: '3' },
    { resourceType: 'Blob', resourceId: '4' },
    { resourceType: 'None', resourceId: '5' },
  ],
};

describe.each(TRANSPORTS)('over %s', (transport) => {
  let everything: Everything;
  beforeAll(async () => {
    everything = stage.keep(await startEverything(transport));
  }, SET_UP_MS);

  describe.each(['v1', 'v2'] as const)('a host of SDK %s', (sdk) => {
    let direct: WillingHost;
    let host: WillingHost;
    let ways: readonly [Way, Way];
    /** What it comes to on both ways, one after the other: some tools change what the server keeps. */
    const both = async (work: (way: Way) => Promise<unknown>): Promise<readonly [unknown, unknown]> => [
      comparable(await work(ways[0])),
      comparable(await work(ways[1])),
    ];
    beforeAll(async () => {
      const home = await stage.home({ mcpServers: { [NAME]: everything.entry } });
      const command = [await builtBroker()];
      const child = new ChildTransport(process.execPath, command, { cwd: home.path, env: brokerEnvironment(home) });
      host = stage.keep(await startWillingHost(sdk, child));
      direct = stage.keep(await startWillingHost('v1', directTransport(transport, everything)));
      ways = [directWay(direct), wayThroughBroker(host, NAME)];
    }, SET_UP_MS);

    it('reads what the server says of itself', async () => {
      const [expected, got] = await both((way) => way.instructions());
      expect(words(got)).toBe(words(expected));
      expect(words(got)).toContain('Everything Server');
    });

    it('is shown every tool as it is, each of which is called below', async () => {
      const byName = async (way: Way) =>
        (await way.tools()).toSorted((a, b) => (String(a.name) < String(b.name) ? -1 : 1));
      const [expected, got] = await both(byName);
      expect(got).toEqual(expected);
      const names = (got as { name: string }[]).map(({ name }) => name);
      expect(names).toEqual(Object.keys(CALLS).sort());
    });

    it('reads every resource, listed or made up from a template', async () => {
      const [expected, got] = await both(async (way) => {
        const resources = (await way.resources()) as readonly { readonly uri: string }[];
        const templates = (await way.templates()) as readonly { readonly uriTemplate: string }[];
        const uris = [
          ...resources.map(({ uri }) => uri),
          ...templates.map(({ uriTemplate }) => uriTemplate.replace('{resourceId}', '7')),
        ];
        return { resources, templates, contents: await Promise.all(uris.map((uri) => way.read(uri))) };
      });
      expect(got).toEqual(expected);
      expect((got as { contents: unknown[] }).contents.length).toBeGreaterThan(8);
    });

    it.each(Object.entries(CALLS))('gets the result of %s, and is asked what that asks', async (name, calls) => {
      for (const args of calls) {
        const [expected, got] = await both(async (way) => ({
          result: await way.call(name, args),
          asked: way.questions(),
        }));
        expect(got).toEqual(expected);
      }
    });

    it('reads what a tool has made a resource of', async () => {
      const args = { name: 'd.gz', data: 'data:text/plain,hello' };
      const [expected, got] = await both(async (way) => {
        await way.call('gzip-file-as-resource', args);
        return way.read('demo://resource/session/d.gz');
      });
      expect(got).toEqual(expected);
      expect(got).toMatchObject([{ mimeType: 'application/gzip' }]);
    });

    it('gets every prompt, and what the server says of wrong arguments', async () => {
      const [expected, got] = await both(async (way) => {
        const prompts = (await way.prompts()) as readonly { readonly name: string }[];
        expect(prompts.map(({ name }) => name).sort()).toEqual(Object.keys(PROMPTS).sort());
        const calls = Object.entries(PROMPTS).flatMap(([name, each]) => each.map((args) => way.prompt(name, args)));
        return { prompts, answers: await Promise.all(calls) };
      });
      expect(got).toEqual(expected);
    });

    it('gets completions of prompts, with what was chosen before, and of templates', async () => {
      const [expected, got] = await both(async (way) => {
        const [template] = (await way.templates()) as readonly [{ readonly uriTemplate: string }];
        const prompt = { type: 'ref/prompt', name: 'completable-prompt' };
        return Promise.all([
          way.complete(prompt, { name: 'department', value: 'S' }),
          way.complete(prompt, { name: 'name', value: '' }, { arguments: { department: 'Support' } }),
          way.complete({ type: 'ref/resource', uri: template.uriTemplate }, { name: 'resourceId', value: '12' }),
        ]);
      });
      expect(got).toEqual(expected);
      expect(got).toMatchObject([
        { completion: { values: ['Sales', 'Support'] } },
        {},
        { completion: { values: ['12'] } },
      ]);
    });

    it('hears of all progress, the last of it right before the result', async () => {
      for (const [way, on] of [[ways[0], direct] as const, [ways[1], host] as const]) {
        const from = on.told.length;
        await way.call('trigger-long-running-operation', { duration: 0.2, steps: 4 }, { progressToken: 4_711 });
        const heard = on.told.slice(from).filter(({ method }) => method === 'notifications/progress');
        // Of a stream that broke off this server sends some of it again.
        expect([...new Set(heard.map(({ params }) => JSON.stringify(params)))].map((text) => JSON.parse(text))).toEqual(
          [1, 2, 3, 4].map((progress) => ({ progressToken: 4_711, progress, total: 4 })),
        );
      }
    });

    it.each(['decline', 'cancel'])('gives the server its word where the user says %s', async (action) => {
      const restore = [direct, host].map((each) => each.answer('elicitation/create', { action }));
      const [expected, got] = await both((way) => way.call('trigger-elicitation-request'));
      for (const each of restore) each();
      expect(got).toEqual(expected);
      expect(JSON.stringify(got)).toContain(action);
    });

    it('is told what the server logs, under the name of the server', async () => {
      const from = host.told.length;
      const told = (method: string) => host.told.slice(from).filter((each) => each.method === method);
      const _meta = { 'io.modelcontextprotocol/logLevel': 'debug' };
      // A host of 2026-07-28 hears of it while a call of its own is under way: this one is until it has.
      const enough = new AbortController();
      const lasting = { toolName: 'trigger-long-running-operation', arguments: { duration: 50, steps: 500 } };
      const params = { name: 'call_mcp_tool', arguments: { serverName: NAME, ...lasting } };
      const called = host.request('tools/call', { ...params, _meta: { ..._meta, progressToken: 1 } }, enough.signal);
      called.catch(() => {});
      await expect.poll(() => told('notifications/progress').length, { timeout: PATIENCE_MS }).toBeGreaterThan(0);

      for (const _ of ['start', 'stop']) await ways[1].call('toggle-simulated-logging', {}, _meta);

      // Which of eight it sends is its own choice.
      const simulated = { logger: NAME, data: expect.stringMatching(/[- ]message/u) as unknown };
      const messages = () => told('notifications/message').map(({ params: { data, logger } }) => ({ data, logger }));
      await expect.poll(messages, { timeout: PATIENCE_MS }).toContainEqual(simulated);
      enough.abort('heard it');
      await expect(called).rejects.toThrow();
    });

    // One of 2026-07-28 has no word for it: it is asked with each call.
    const isOlder = sdk === 'v1';
    if (isOlder)
      it('has its roots asked for anew when it tells that they changed', async () => {
        const roots = { roots: [{ uri: 'file:///home/grace', name: 'other' }] };
        const restore = [direct, host].map((each) => each.answer('roots/list', roots));
        for (const each of [direct, host]) await (each.client as LegacyClient).sendRootsListChanged();
        for (const way of ways)
          await expect
            .poll(async () => JSON.stringify(await way.call('get-roots-list')), { timeout: PATIENCE_MS })
            .toContain('file:///home/grace');
        for (const each of restore) each();
      });
  });
});

function directTransport(transport: EverythingTransport, { entry }: Everything): object {
  if ('command' in entry) {
    const env = { PATH: process.env.PATH, [MARK.name]: MARK.value };
    const child = new ChildTransport(entry.command, entry.args, { cwd: process.cwd(), env });
    // It does not end with its input.
    return Object.assign(child, { close: () => killed(child) });
  }
  const url = new URL(entry.url);
  return transport === 'sse' ? new SSEClientTransport(url) : new StreamableHTTPClientTransport(url);
}

async function killed({ child, exited }: ChildTransport): Promise<void> {
  child.kill('SIGKILL');
  await exited;
}

const TIME_OF_DAY = /\d{1,2}:\d\d:\d\d [AP]M/gu;
const SESSION = /(?<=session )[0-9a-f-]{36}/gu;
const ENVIRONMENT = `"${MARK.name}": "${MARK.value}"`;

/** A copy without what is never twice the same. */
function comparable(value: unknown): unknown {
  if (typeof value === 'string') return comparableText(value);
  if (Array.isArray(value)) return value.map(comparable);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      comparable(key === 'blob' ? Buffer.from(String(item), 'base64').toString('latin1') : item),
    ]),
  );
}

function comparableText(text: string): string {
  if (text.includes(ENVIRONMENT)) return ENVIRONMENT;
  return text.replace(TIME_OF_DAY, '(a time of day)').replace(SESSION, '(a session)');
}

/** The product shows instructions as plain text on one line, up to a length. */
function words(text: unknown): string {
  return String(text).replace(/\s+/gu, ' ').trim();
}
