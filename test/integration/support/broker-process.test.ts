import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type BrokerOptions, type BrokerProcess, startBroker } from '../../support/broker-process.js';
import { temporaryHome } from '../../support/temporary-home.js';

let brokers: BrokerProcess[] = [];

const start = async (options?: BrokerOptions) => {
  const broker = await startBroker(options);
  brokers.push(broker);
  return broker;
};

afterEach(async () => {
  await Promise.all(brokers.map((broker) => broker.close()));
  brokers = [];
});

describe('broker process fixture', () => {
  it.each(['v1', 'v2'] as const)('initializes and calls a tool with the SDK line %s', async (sdk) => {
    const broker = await start({ sdk });
    const { payload, result } = await broker.call('list_mcp_servers');
    expect(payload).toMatchObject({ servers: expect.any(Array) });
    expect(result.isError).not.toBe(true);
  });

  it('leaves with its home when its stdin ends', async () => {
    const broker = await start();
    expect(await broker.close()).toEqual({ code: 0, signal: null });
    expect(existsSync(broker.home.path)).toBe(false);
  });

  it('leaves a home that it was given to whoever made it', async () => {
    const home = await temporaryHome();
    const broker = await start({ home });
    expect(await broker.kill()).toEqual({ code: null, signal: 'SIGKILL' });
    await broker.close();
    expect(existsSync(home.path)).toBe(true);
    await home.remove();
  });

  it('says what the process said when it does not come up', async () => {
    await expect(start({ env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } })).rejects.toThrow('NODE_EXTRA_CA_CERTS');
  });
});
