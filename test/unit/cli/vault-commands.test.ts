/** `migrate` and `keys rotate` as a user types them: what they ask for, what they say, and what they never show. */
import { describe, expect, it } from 'vitest';
import { run } from './fake-surroundings.js';

describe('migrate', () => {
  it('says where the vault is now and what to set', async () => {
    const { code, out, err } = await run(['migrate', '--to', 'redis://host/0']);
    expect(code).toBe(0);
    expect(out).toContain('All 3 rows are now in redis://host/0.');
    expect(err).toMatch(/MCP_OAUTH_STORE +redis:\/\/host\/0\?prefix=x \(with its user and password/u);
    expect(err).toMatch(/MCP_OAUTH_TEAM +personal\n *MCP_OAUTH_USER +u [\s\S]*MCP_OAUTH_KEY_FILE +vault\.key/u);
    expect(err).toContain('The old vault was left as it is: /home/u/vault.sqlite.');
  });

  it('prints one line of JSON with --json', async () => {
    const { out } = await run(['--json', 'migrate', '--to', 'redis://host/0']);
    expect(JSON.parse(out)).toEqual({
      migrated: {
        store: 'redis://host/0',
        from: '/home/u/vault.sqlite',
        rows: 3,
        wasThere: false,
        keySource: 'home_file',
        set: { MCP_OAUTH_STORE: 'redis://host/0?prefix=x' },
      },
    });
  });

  it('refuses a password as an argument without repeating it, and takes the address from standard input', async () => {
    const address = 'postgres://u:canary-password@host/db';
    const refused = await run(['migrate', '--to', address]);
    expect(refused.code).toBe(2);
    expect(refused.out + refused.err).not.toContain('canary');
    let given = '';
    const taken = await run(['migrate', '--to', '-'], {
      stdin: `${address}\n`,
      dependencies: {
        migrateVault: async (to) => {
          given = to;
          return {
            store: 'postgres://host/db',
            setting: 'postgres://host/db',
            from: '/home/u/vault.sqlite',
            isShared: true,
            rows: 3,
            wasThere: true,
            keySource: 'environment',
          };
        },
      },
    });
    expect(given).toBe(address);
    expect(taken.code).toBe(0);
    expect(taken.out).toContain('already');
    expect(taken.out + taken.err).not.toContain('canary');
  });

  it('shows what has to be set, also of an address that was given on standard input', async () => {
    const address = 'redis://cache.example.com:6379/0?prefix=team';
    const { code, err } = await run(['migrate', '--to', '-'], {
      stdin: `${address}\n`,
      dependencies: {
        migrateVault: async () => ({
          store: 'redis://cache.example.com:6379/0',
          setting: address,
          from: '/home/u/vault.sqlite',
          isShared: true,
          rows: 3,
          wasThere: false,
          keySource: 'key_file',
        }),
      },
    });
    expect(code).toBe(0);
    expect(err).toContain(`MCP_OAUTH_STORE      ${address}`);
  });

  it('needs to be told where to', async () => {
    expect((await run(['migrate'])).code).toBe(2);
  });
});

describe('keys rotate', () => {
  it('says where the new key is, and shows nothing of it', async () => {
    const { code, out } = await run(['keys', 'rotate']);
    expect(code).toBe(0);
    expect(out).toBe("3 records are under a new key. It is in vault.key, in the old one's place.\n");
  });

  it('names the file that was made and what to set', async () => {
    const { out } = await run(['keys', 'rotate', '--key-out', '/keys/new']);
    expect(out).toMatch(/It is in \/keys\/new: set MCP_OAUTH_KEY_FILE/u);
  });
});
