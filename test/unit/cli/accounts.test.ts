/** `accounts`: what is printed and opened. */
import { describe, expect, it } from 'vitest';
import type { AccountsOpened } from '../../../src/broker/browser-results.js';
import { failed, jsonLines, run } from './fake-surroundings.js';

const PAGE: AccountsOpened = {
  status: 'success',
  url: 'http://127.0.0.1:27182/accounts/token-1',
  expiresAt: '2026-11-20T20:00:00.000Z',
};
const broker = { openAccounts: async () => PAGE };

describe('accounts', () => {
  it('opens the page in the browser, and shows its address', async () => {
    const { code, out, world } = await run(['accounts', '--wait', '0'], { broker });
    expect(code).toBe(0);
    expect(world.opened).toEqual([PAGE.url]);
    expect(out).toContain(`  ${PAGE.url}\n`);
  });

  it('says where to open it where there is no browser', async () => {
    const { err, out } = await run(['accounts', '--wait', '0'], {
      broker,
      dependencies: { openBrowser: async () => false },
    });
    expect(out).toContain(PAGE.url);
    expect(err).toContain('Open it within 10 minutes');
  });

  it('gives a program the address and opens nothing', async () => {
    const { out, world } = await run(['accounts', '--json', '--wait', '0'], { broker });
    expect(jsonLines(out)).toEqual([PAGE]);
    expect(world.opened).toEqual([]);
  });

  it('fails where no port can be had', async () => {
    const { code, world } = await run(['accounts'], {
      broker: { openAccounts: async () => failed('callback_port_in_use') },
    });
    expect(code).toBe(1);
    expect(world.opened).toEqual([]);
  });

  it.each(['3601', '-1', 'soon'])('does not serve it for %s seconds', async (wait) => {
    expect((await run(['accounts', `--wait=${wait}`], { broker })).code).toBe(2);
  });
});
