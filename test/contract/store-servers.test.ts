/** The stores on Redis and Postgres fulfil the store contract, where such a server answers on loopback. */
import { describe, it } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import { openStore } from '../../src/vault/open-store.js';
import { SHARED_SERVERS } from '../support/shared-stores.js';
import { storeContract } from './store.js';

for (const { server, skipped } of SHARED_SERVERS) {
  if (skipped !== undefined) {
    describe.skip(`the store contract: ${server.name} (${skipped})`, () => it('is not run', () => undefined));
    continue;
  }
  storeContract(server.name, async () => {
    const { location, remove } = server.corner();
    return { connect: () => openStore(location, systemClock), remove };
  });
}
