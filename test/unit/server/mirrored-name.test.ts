import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createMirroredNames,
  hasHash,
  mirroredName,
  type Owned,
  ownersByName,
} from '../../../src/server/mirrored-name.js';

const ALPHABET = /^[A-Za-z0-9_-]{1,40}$/u;

const owned = (serverName: string, name: string): Owned => ({ serverName, name });
const hashOf = (original: string): string => createHash('sha256').update(original).digest('hex').slice(0, 8);

/** Names as servers have them, and many that nearly meet. */
const servers = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u),
  fc.stringMatching(/^a[._-]{0,3}b?$/u),
);
const tools = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 80 }),
  fc.stringMatching(/^[a-z_-]{1,60}$/u),
  fc.stringMatching(/^[._]{0,3}b[._]{0,2}$/u),
);
const anything = fc.record({ serverName: servers, name: tools });

describe('the name of a tool or prompt of another server', () => {
  it.each([
    ['linear', 'create_issue', 'linear__create_issue'],
    ['x', 'connect_to_mcp_server', 'x__connect_to_mcp_server'],
    ['a-b', 'C-3_d', 'a-b__C-3_d'],
    ['s'.repeat(20), 't'.repeat(18), `${'s'.repeat(20)}__${'t'.repeat(18)}`],
  ])('of %s and %s is %s', (serverName, name, mirrored) => {
    expect(mirroredName(owned(serverName, name))).toBe(mirrored);
  });

  it.each([
    ['github', 'create_pull_request_review_comment', 'github__create_pull_request_rev'],
    ['my.app', 'do it', 'my_app__do_it'],
    ['x', 'naïve 🙂', 'x__na_ve__'],
    ['s'.repeat(64), 'tool', 's'.repeat(31)],
  ])('of %s and %s is cut or changed, and ends in a hash of the original', (serverName, name, beginning) => {
    expect(mirroredName(owned(serverName, name))).toBe(`${beginning}_${hashOf(`${serverName}__${name}`)}`);
  });

  it('is short and plain whatever the server calls it, and has a hash exactly where it was cut or changed', () => {
    fc.assert(
      fc.property(anything, (tool) => {
        const original = `${tool.serverName}__${tool.name}`;
        const name = mirroredName(tool);
        expect(name).toMatch(ALPHABET);
        if (ALPHABET.test(original)) expect(name).toBe(original);
        else expect(hasHash(name)).toBe(true);
      }),
    );
  });
});

describe('names that were given', () => {
  it('T66 are never those of two, and lead back to the one that has them', () => {
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 60 }), (listed) => {
        const names = createMirroredNames(['connect_to_mcp_server']);
        const given = new Map(listed.map((tool) => [JSON.stringify([tool.serverName, tool.name]), names.nameOf(tool)]));
        expect(new Set(given.values()).size).toBe(given.size);
        for (const tool of listed) {
          const name = names.nameOf(tool);
          expect(name).toMatch(ALPHABET);
          expect(names.find(name)).toEqual(tool);
        }
      }),
    );
  });

  it('T66 are never those of two where servers and tools spell nearly the same', () => {
    const part = fc.constantFrom('a', 'a_', 'a__', 'a__b', 'a.', 'b', '_b', '__b', 'b__c', 'c');
    fc.assert(
      fc.property(fc.array(fc.record({ serverName: part, name: part }), { maxLength: 30 }), (listed) => {
        const names = createMirroredNames();
        const given = new Map(listed.map((tool) => [JSON.stringify([tool.serverName, tool.name]), names.nameOf(tool)]));
        expect(new Set(given.values()).size).toBe(given.size);
        for (const tool of listed) expect(names.find(names.nameOf(tool))).toEqual(tool);
      }),
    );
  });

  it('differ where two servers and their tools spell the same', () => {
    const names = createMirroredNames();
    expect(names.nameOf(owned('a', 'b__c'))).toBe('a__b__c');
    const other = names.nameOf(owned('a__b', 'c'));
    expect(other).toMatch(/^a__b__c_[0-9a-f]{8}$/u);
    expect(names.find('a__b__c')).toEqual(owned('a', 'b__c'));
    expect(names.find(other)).toEqual(owned('a__b', 'c'));
  });

  it('stay, whatever is listed before them the next time', () => {
    const names = createMirroredNames();
    const first = names.nameOf(owned('b_', '_x'));
    names.nameOf(owned('b', '__x'));
    expect(names.nameOf(owned('b_', '_x'))).toBe(first);
  });

  it('are none of ours, even where a server could spell it', () => {
    const names = createMirroredNames(['a__b']);
    expect(names.nameOf(owned('a', 'b'))).toMatch(/^a__b_[0-9a-f]{8}$/u);
    expect(names.find('a__b')).toBeUndefined();
  });

  it.each(['__proto__', 'constructor', 'toString'])('have no surprise in %s', (name) => {
    const names = createMirroredNames();
    expect(names.find(name)).toBeUndefined();
    expect(names.find(names.nameOf(owned(name, name)))).toEqual(owned(name, name));
  });
});

describe('a name that this process has not given', () => {
  it('is found by its server where it is whole', () => {
    expect(ownersByName('a__b__c', ['a', 'b', 'a.b'])).toEqual([owned('a', 'b__c')]);
  });

  it('may be meant of more than one server, and of none', () => {
    expect(ownersByName('a__b__c', ['a', 'a__b'])).toEqual([owned('a', 'b__c'), owned('a__b', 'c')]);
    expect(ownersByName('a__', ['a'])).toEqual([]);
    expect(ownersByName('b__c', ['a'])).toEqual([]);
  });
});
