import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/core/secret.js';
import { takeKeyOptions } from '../../../src/vault/key-options.js';
import { mintVaultKey, parseVaultKey } from '../../../src/vault/vault-key.js';

const parse = (bytes: Uint8Array) => parseVaultKey(Secret.of(Buffer.from(bytes).toString('base64')), 'MCP_OAUTH_KEY');

describe('the vault key', () => {
  it('is read from base64 and base64url, with and without blanks and padding', () => {
    const bytes = Buffer.from('fbefbeffefbefbeffefbefbeffefbefb0102030405060708090a0b0c0d0e0f10', 'hex');
    const forms = [bytes.toString('base64'), `\n ${bytes.toString('base64')} \n`, bytes.toString('base64url')];
    const kids = forms.map((form) => parseVaultKey(Secret.of(form), 'MCP_OAUTH_KEY').kid.toString('hex'));
    expect(new Set(kids).size).toBe(1);
  });

  it.each([
    ['nothing', ''],
    ['31 bytes', randomBytes(31).toString('base64')],
    ['33 bytes', randomBytes(33).toString('base64')],
    ['hexadecimal', randomBytes(32).toString('hex')],
    ['base64 with something behind it', `${randomBytes(32).toString('base64')}!`],
  ])('is refused when it is %s', (_what, text) => {
    expect(() => parseVaultKey(Secret.of(text), 'MCP_OAUTH_KEY')).toThrowError(
      expect.objectContaining({ code: 'vault_key_wrong', message: expect.stringContaining('MCP_OAUTH_KEY') }),
    );
  });

  it.each([
    ['zeros', Buffer.alloc(32)],
    ['one byte repeated', Buffer.alloc(32, 0xff)],
    ['a short pattern repeated', Buffer.alloc(32, Buffer.from('deadbeef', 'hex'))],
    ['a counting sequence', Buffer.from(Array.from({ length: 32 }, (_, index) => index))],
    ['a sequence that counts down', Buffer.from(Array.from({ length: 32 }, (_, index) => 255 - index))],
    ['an example text', Buffer.from('changeme-changeme-changeme-12345')],
    ['hexadecimal digits as text', Buffer.from('0123456789abcdef0123456789abcdef')],
    ['a short text filled up with zeros', Buffer.concat([Buffer.from('changeme'), Buffer.alloc(24)])],
  ])('T77 that others can guess is refused: %s', (_what, bytes) => {
    expect(() => parse(bytes)).toThrowError(expect.objectContaining({ code: 'vault_key_wrong' }));
  });

  it('that was drawn at random is never refused', () => {
    for (let drawn = 0; drawn < 1_000; drawn += 1) expect(() => parse(randomBytes(32))).not.toThrow();
  });

  it('has a name that is its own and stays the same', () => {
    const { key, text } = mintVaultKey();
    expect(parseVaultKey(text, 'test').kid).toEqual(key.kid);
    expect(mintVaultKey().key.kid).not.toEqual(key.kid);
  });

  it('shows in no print of it', () => {
    const { key, text } = mintVaultKey();
    const printed = `${inspect({ key, text }, { depth: 5, showHidden: true })}${JSON.stringify({ key, text })}`;
    const bytes = Buffer.from(text.reveal(), 'base64');
    expect(printed).not.toContain(text.reveal());
    expect(printed).not.toContain(bytes.toString('hex'));
  });
});

describe('the key options', () => {
  it('take the key out of the environment', () => {
    const env: NodeJS.ProcessEnv = { MCP_OAUTH_KEY: ' c2VjcmV0 ', MCP_OAUTH_KEY_FILE: '/run/key' };
    const options = takeKeyOptions(env);
    expect(options.environmentKey?.reveal()).toBe('c2VjcmV0');
    expect(options.keyFile).toBe('/run/key');
    expect(Object.keys(env)).not.toContain('MCP_OAUTH_KEY');
  });

  it('never lead to the keyring over SSH or with MCP_OAUTH_HOME', () => {
    expect(takeKeyOptions({}).keyring).toBe('allowed');
    expect(takeKeyOptions({ SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' }).keyring).toBe('never');
    expect(takeKeyOptions({ MCP_OAUTH_HOME: '/home/me/broker' }).keyring).toBe('never');
  });

  it('count an empty variable as unset', () => {
    expect(
      takeKeyOptions({ MCP_OAUTH_KEY: '', MCP_OAUTH_KEY_FILE: '', MCP_OAUTH_HOME: '', SSH_CONNECTION: '' }),
    ).toEqual({
      keyring: 'allowed',
    });
  });
});
