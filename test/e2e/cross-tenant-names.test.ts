/**
 * T78: whether somebody else has a server or an account of some name cannot be told, neither by the answer nor by the time
 * that it takes: what another has costs the same operations of the store as what nobody has.
 */
import { afterEach, expect, it } from 'vitest';
import type { Collection, Vault } from '../../src/vault/index.js';
import { brokerEnvironment } from '../support/broker-process.js';
import { visit } from '../support/browser.js';
import { type SourceBroker, startSourceBroker } from '../support/source-broker.js';
import { createStage } from '../support/stage.js';

const ALICE = { team: 'red', user: 'alice', agent: 'host' };
const BOB = { team: 'red', user: 'bob', agent: 'host' };
/** As long as each other. */
const HERS = 'of-alice';
const NOBODYS = 'no-bodys';

/** Noted once for each owner, and looked at by the clock, whatever is asked. */
const UNASKED = new Set(['owners', 'openPages']);

const stage = createStage();
afterEach(() => stage.close());

/** The vault, and which operations of which collections were asked of it. */
function observed(vault: Vault, operations: string[]): Vault {
  const watch = <T>(name: string, collection: Collection<T>): Collection<T> =>
    new Proxy(collection, {
      get: (target, operation: keyof Collection<T>) => {
        const work = target[operation] as (...args: unknown[]) => unknown;
        return (...args: unknown[]) => {
          if (!UNASKED.has(name)) operations.push(`${name}.${operation}`);
          return work(...args);
        };
      },
    });
  const members = Object.entries(vault).map(([name, member]) => [
    name,
    typeof member === 'object' ? watch(name, member as Collection<unknown>) : member,
  ]);
  return Object.fromEntries(members) as Vault;
}

async function begin() {
  const operations: string[] = [];
  const home = await stage.home();
  const source = stage.keep(
    await startSourceBroker({
      environment: brokerEnvironment(home),
      change: (vault) => observed(vault, operations),
    }),
  );
  const authorizationServer = await stage.authorizationServer();
  const { url } = await stage.server({ authorizationServer });
  const signIn = async (serverName: string, account: string) => {
    const asked = await source.broker.connect(ALICE, { serverName, account, url });
    await visit('authUrl' in asked ? String(asked.authUrl) : '');
    expect(await source.broker.connect(ALICE, { serverName, account })).toMatchObject({ status: 'success' });
  };
  return { source, operations, url, signIn };
}

/** Everything that a tool or a command can ask about one server, as Bob asks it. */
const QUESTIONS: Readonly<
  Record<string, (broker: SourceBroker['broker'], serverName: string, account: string) => Promise<unknown>>
> = {
  connect: (broker, serverName, account) => broker.connect(BOB, { serverName, account, flow: 'paste_back' }),
  call: (broker, serverName, account) => broker.callTool(BOB, { serverName, account, toolName: 'whoami' }),
  read: (broker, serverName, account) => broker.readResource(BOB, { serverName, account }),
  search: (broker, serverName) => broker.searchTools(BOB, { serverName }),
  list: (broker, serverName) => broker.listServers(BOB, serverName),
  clear: (broker, serverName, account) => broker.clearAuth(BOB, { serverName, account }),
  key: (broker, serverName, account) => broker.storeKey(BOB, { serverName, account, value: 'a-key-of-bob' }),
  diagnose: (broker, serverName) => broker.diagnose(BOB, serverName),
  remove: (broker, serverName) => broker.removeAddedServer(BOB, serverName),
};

it.each(Object.entries(QUESTIONS))(
  '%s says the same of a server that a colleague’s agent added as of none, and asks the store as much',
  async (_, ask) => {
    const { source, operations, signIn } = await begin();
    await signIn(HERS, 'default');
    // What a first question makes and remembers is there before.
    await ask(source.broker, 'a-thirdone', 'default');
    const answers: unknown[] = [];
    const costs: string[][] = [];
    for (const serverName of [HERS, NOBODYS]) {
      operations.length = 0;
      answers.push(withoutNames(await ask(source.broker, serverName, 'default')));
      costs.push([...operations].sort());
    }

    expect(answers[0]).toEqual(answers[1]);
    expect(costs[0]).toEqual(costs[1]);
    expect(costs[0]).not.toEqual([]);
  },
);

it.each(['connect', 'call', 'read', 'clear', 'key'])(
  '%s says the same of an account that a colleague has as of none, and asks the store as much',
  async (question) => {
    const { source, operations, url, signIn } = await begin();
    await signIn('wiki', HERS);
    await source.broker.connect(BOB, { serverName: 'wiki', url });
    const ask = QUESTIONS[question] ?? (() => Promise.reject(new Error('There is no such question.')));
    await ask(source.broker, 'wiki', 'a-thirdone');
    const answers: unknown[] = [];
    const costs: string[][] = [];
    for (const account of [HERS, NOBODYS]) {
      operations.length = 0;
      answers.push(withoutNames(await ask(source.broker, 'wiki', account)));
      costs.push([...operations].sort());
    }

    expect(answers[0]).toEqual(answers[1]);
    expect(costs[0]).toEqual(costs[1]);
    expect(costs[0]).not.toEqual([]);
  },
);

/** Names that were asked for, and what is drawn anew for each sign-in, are all that may differ. */
function withoutNames(answer: unknown): unknown {
  const text = JSON.stringify(answer)
    .replaceAll(HERS, 'NAME')
    .replaceAll(NOBODYS, 'NAME')
    .replaceAll(/[\w-]{43}/gu, 'DRAWN')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/gu, 'INSTANT');
  return JSON.parse(text) as unknown;
}
