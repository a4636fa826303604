/** The administrators' commands: what they hand on, and what they refuse before anything is asked. */
import { describe, expect, it } from 'vitest';
import type { Administration, ProviderSettings } from '../../../src/broker/administration.js';
import { failed, jsonLines, run } from './fake-surroundings.js';

const SECRET = 'a-secret-of-the-team';

function withAdministration(administration: Partial<Administration>) {
  return { broker: { administration: administration as Administration } };
}

function providerBroker(added: ProviderSettings[]) {
  return withAdministration({
    addProvider: async (_principal, given) => {
      added.push(given);
      return { status: 'success', provider: { id: given.id, target: 'https://as.example', secretSource: 'vault' } };
    },
    listProviders: async () => ({
      providers: [{ id: 'github', target: 'https://github.com', clientId: 'c', secretSource: 'org_secret:github' }],
    }),
    removeProvider: async (_principal, id) => id === 'github',
  });
}

describe('provider', () => {
  it('add takes the secret from standard input, and shows it nowhere', async () => {
    const added: ProviderSettings[] = [];
    const argv = [
      'provider',
      'add',
      'github',
      '--client-id',
      'c',
      '--scope',
      'repo',
      '--client-secret-stdin',
      '--json',
    ];
    const { code, out, err } = await run(argv, { stdin: `${SECRET}\n`, ...providerBroker(added) });
    expect(code).toBe(0);
    expect(added).toEqual([{ id: 'github', clientId: 'c', scope: 'repo', clientSecret: SECRET }]);
    expect(out + err).not.toContain(SECRET);
  });

  it.each([
    ['team_secret:github', { source: 'team_secret', name: 'github' }],
    ['org_secret:github', { source: 'org_secret', name: 'github' }],
  ])('add takes the secret from %s', async (reference, clientSecret) => {
    const added: ProviderSettings[] = [];
    const argv = ['provider', 'add', 'acme', '--issuer', 'https://as.example', '--secret-source', reference];
    expect((await run(argv, providerBroker(added))).code).toBe(0);
    expect(added).toEqual([{ id: 'acme', issuer: 'https://as.example', clientSecret }]);
  });

  it.each([
    ['a secret as its source', ['--secret-source', SECRET]],
    ['a secret as an option', ['--client-secret', SECRET]],
    ['an issuer that is no URL', ['--issuer', 'as.example']],
    ['two secrets', ['--secret-source', 'org_secret:a', '--client-secret-stdin']],
    ["a variable of every member's machine", ['--secret-source', 'env:AWS_SECRET_ACCESS_KEY']],
    ["a file of every member's machine", ['--secret-source', 'file:/home/bob/.ssh/id_rsa']],
  ])('add refuses %s', async (_what, options) => {
    const added: ProviderSettings[] = [];
    const { code, out, err } = await run(['provider', 'add', 'acme', ...options, '--json'], providerBroker(added));
    expect(code).toBe(2);
    expect(added).toEqual([]);
    expect(out + err).not.toContain(SECRET);
  });

  it('add is used wrongly where nothing says where to sign in, and fails where the provider does not answer', async () => {
    const refusing = (code: 'invalid_input' | 'discovery_failed') =>
      withAdministration({ addProvider: async () => failed(code) });
    expect((await run(['provider', 'add', 'foo', '--client-id', 'x'], refusing('invalid_input'))).code).toBe(2);
    expect((await run(['provider', 'add', 'foo', '--client-id', 'x'], refusing('discovery_failed'))).code).toBe(1);
  });

  it('list and remove name what there is', async () => {
    const listed = await run(['provider', 'list'], providerBroker([]));
    expect(listed.out).toContain('github');
    expect(listed.out).toContain('org_secret:github');
    expect((await run(['provider', 'remove', 'github'], providerBroker([]))).code).toBe(0);
    expect((await run(['provider', 'remove', 'slack'], providerBroker([]))).code).toBe(1);
  });
});

describe('add --team', () => {
  it('adds for the team and leaves the file of the user alone', async () => {
    const added: unknown[] = [];
    const { code, out, world } = await run(
      ['add', 'wiki', 'https://wiki.example/mcp', '--team', '--json'],
      withAdministration({
        addTeamServer: async (_principal, server) => {
          added.push(server);
          return { status: 'success', serverName: server.serverName };
        },
      }),
    );
    expect(code).toBe(0);
    expect(added).toEqual([{ serverName: 'wiki', url: 'https://wiki.example/mcp' }]);
    expect(jsonLines(out)).toEqual([{ status: 'success', serverName: 'wiki' }]);
    expect(world.entries.size).toBe(0);
  });

  it('says why it could not', async () => {
    const refusing = withAdministration({ addTeamServer: async () => failed('invalid_input') });
    expect((await run(['add', 'wiki', 'https://wiki.example/mcp', '--team'], refusing)).code).toBe(1);
  });

  it('takes no command', async () => {
    const { code, err } = await run(['add', 'wiki', '--team', '--', 'npx', 'wiki'], withAdministration({}));
    expect(code).toBe(2);
    expect(err).toContain('URL');
  });

  it('is undone by remove', async () => {
    const administration = { removeTeamServer: async (_principal: unknown, name: string) => name === 'wiki' };
    expect((await run(['remove', 'wiki'], withAdministration(administration))).code).toBe(0);
    expect((await run(['remove', 'other'], withAdministration(administration))).code).toBe(1);
  });
});

const CLEARED = { cleared: { grants: 2, secrets: 0, clients: 0, pending: 0 }, revocation: 'revoked' } as const;

describe('member', () => {
  it('remove and add name the user and the team', async () => {
    const asked: unknown[] = [];
    const administration = withAdministration({
      removeMember: async (_principal, member) => {
        asked.push(member);
        return { status: 'success', user: member.user, team: member.team ?? 'blue', wasKnown: true, ...CLEARED };
      },
      addMember: async (_principal, member) => {
        asked.push(member);
        return true;
      },
    });
    const removed = await run(['member', 'remove', 'ada', '--team', 'red'], administration);
    expect(removed).toMatchObject({ code: 0, out: expect.stringContaining('ada: cleared 2 sign-ins') });
    expect((await run(['member', 'add', 'ada'], administration)).code).toBe(0);
    expect(asked).toEqual([{ user: 'ada', team: 'red' }, { user: 'ada' }]);
  });

  it('remove of oneself asks at a terminal, and wants --yes elsewhere', async () => {
    const removed: string[] = [];
    const administration = withAdministration({
      removeMember: async (_principal, { user }) => {
        removed.push(user);
        return { status: 'success', user, team: 'personal', wasKnown: true, ...CLEARED };
      },
    });

    const refused = await run(['member', 'remove', 'u'], administration);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('--yes') });
    const declined = await run(['member', 'remove', 'u'], { ...administration, stdin: 'no\n', isTerminal: true });
    expect(declined).toMatchObject({ code: 2, err: expect.stringContaining('nothing was changed') });
    expect(removed).toEqual([]);

    expect((await run(['member', 'remove', 'u'], { ...administration, stdin: 'yes\n', isTerminal: true })).code).toBe(
      0,
    );
    expect((await run(['member', 'remove', 'u', '--yes', '--json'], administration)).code).toBe(0);
    expect((await run(['member', 'remove', 'u', '--team', 'other'], administration)).code).toBe(0);
    expect(removed).toEqual(['u', 'u', 'u']);
  });

  it('remove of a name that nobody knows speaks of its spelling', async () => {
    const administration = withAdministration({
      removeMember: async (_principal, { user }) => ({
        status: 'success',
        user,
        team: 'personal',
        wasKnown: false,
        cleared: { grants: 0, secrets: 0, clients: 0, pending: 0 },
        revocation: 'none',
      }),
    });
    const { code, out } = await run(['member', 'remove', 'bbo'], administration);
    expect(code).toBe(0);
    expect(out).toContain('bbo is no member of personal any more, but nothing was ever stored for that name');
    expect(out).toContain('"mcp-oauth-broker member list"');
  });

  it('list tells who was removed', async () => {
    const administration = withAdministration({
      listMembers: async () => ({
        team: 'blue',
        members: [
          { user: 'ada', isRemoved: false },
          { user: 'bob', isRemoved: true, removedAt: '2026-11-21T12:00:00.000Z' },
        ],
      }),
    });
    expect((await run(['member', 'list'], administration)).out).toBe(
      'ada  member\nbob  removed 2026-11-21T12:00:00.000Z\n',
    );
  });

  it('is told how they come back when they were removed themselves', async () => {
    const broker = { listServers: async () => failed('not_a_member', { nextStep: 'Tell the user.' }) };
    const { code, err } = await run(['list'], { broker });
    expect(code).toBe(1);
    expect(err).toContain(
      'An administrator of the team "personal" lets you in again with "mcp-oauth-broker member add u".',
    );
  });
});

describe('reset', () => {
  it('asks for --all-users, and says what was cleared', async () => {
    const administration = withAdministration({
      resetServer: async (_principal, serverName) => ({ status: 'success', serverName, ...CLEARED }),
    });
    expect((await run(['reset', 'wiki'], administration)).code).toBe(2);
    const done = await run(['reset', 'wiki', '--all-users', '--json'], administration);
    expect(done.code).toBe(0);
    expect(jsonLines(done.out)).toEqual([{ status: 'success', serverName: 'wiki', ...CLEARED }]);
  });
});
