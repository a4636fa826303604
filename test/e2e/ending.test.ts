/** What an ending process lets go of: the sessions at its servers, and its port. */
import { afterAll, describe, expect, it } from 'vitest';
import { composedBroker } from '../support/composed-broker.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterAll(() => stage.close());

describe('a broker process that ends', () => {
  it('ends its sessions at the servers', async () => {
    const server = await stage.server();
    const composed = await composedBroker();
    const connected = await composed.broker.connect(composed.principal, { serverName: 'open', url: server.url });
    expect(connected.status).toBe('success');

    await composed.close();

    expect(await server.dropSessions()).toBe(0);
  });
});
