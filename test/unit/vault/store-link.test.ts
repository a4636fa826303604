/** The way to a store on another machine: how long one that is away is waited for. */
import { describe, expect, it } from 'vitest';
import { createStoreLink } from '../../../src/vault/store-link.js';

/** A server that is there or not, and how often it was tried. */
function unsteadyServer() {
  const server = { isThere: true, attempts: 0 };
  const link = createStoreLink(
    {
      connect: async () => {
        server.attempts += 1;
        if (!server.isThere) throw new Error('refused');
        return {};
      },
      disconnect: () => undefined,
      translate: () => undefined,
    },
    'store.example',
    { busyTimeoutMs: 1_000, attemptTimeoutMs: 1_000 },
  );
  const ask = () =>
    link.run(async () => {
      if (!server.isThere) throw new Error('cut');
      return 'answered';
    });
  return { server, ask };
}

describe('a store that is away', () => {
  it('is waited for once by all that one call asks of it, and used at the first try when it is back', async () => {
    const { server, ask } = unsteadyServer();
    expect(await ask()).toBe('answered');
    server.isThere = false;

    await expect(ask()).rejects.toMatchObject({ code: 'vault_busy', retryable: true });
    expect(server.attempts).toBeGreaterThan(2);
    server.attempts = 0;
    await expect(ask()).rejects.toMatchObject({ code: 'vault_busy' });
    expect(server.attempts).toBe(1);
    server.isThere = true;
    expect(await ask()).toBe('answered');
  });

  it('is waited for anew once it has answered', async () => {
    const { server, ask } = unsteadyServer();
    server.isThere = false;
    await expect(ask()).rejects.toMatchObject({ code: 'vault_busy' });
    server.isThere = true;
    await ask();
    server.isThere = false;
    server.attempts = 0;
    await expect(ask()).rejects.toMatchObject({ code: 'vault_busy' });
    expect(server.attempts).toBeGreaterThan(2);
  });
});
