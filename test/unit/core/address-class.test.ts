/** T06: every spelling of an address falls into its class. */
import { describe, expect, it } from 'vitest';
import { classifyAddress, classifyHost } from '../../../src/core/address-class.js';

describe('T06 an address', () => {
  it.each([
    [
      'public',
      [
        '8.8.8.8',
        '1.1.1.1',
        '100.63.255.255',
        '100.128.0.1',
        '172.15.0.1',
        '172.32.0.1',
        '2606:4700::1111',
        '::ffff:8.8.8.8',
        '64:ff9b::808:808',
        '2002:808:808::1',
      ],
    ],
    [
      'private',
      [
        '10.0.0.1',
        '172.16.0.1',
        '172.31.255.255',
        '192.168.1.1',
        '100.64.0.1',
        '198.18.0.1',
        'fc00::1',
        'fd12:3456::1',
        '::ffff:10.0.0.1',
        '::ffff:c0a8:101',
      ],
    ],
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1']],
    [
      'forbidden',
      [
        '0.0.0.0',
        '0.1.2.3',
        '169.254.169.254',
        '169.254.0.1',
        '100.100.100.200',
        '168.63.129.16',
        '192.0.0.192',
        '192.0.2.1',
        '198.51.100.1',
        '203.0.113.1',
        '192.88.99.1',
        '224.0.0.1',
        '239.255.255.255',
        '240.0.0.1',
        '255.255.255.255',
        '::',
        'fe80::1',
        'fe80::1%eth0',
        'ff02::1',
        '2001:db8::1',
        '2001::1',
        'fd00:ec2::254',
        'fd20:ce::254',
        '::ffff:169.254.169.254',
        '::ffff:a9fe:a9fe',
        '::ffff:0.0.0.0',
        '64:ff9b::a9fe:a9fe',
        '64:ff9b::7f00:1',
        '64:ff9b::a00:1',
        '64:ff9b:1::1',
        '2002:7f00:1::1',
        '2002:a9fe:a9fe::',
        '2002:a00:1::',
        '::127.0.0.1',
        '::ffff:0:127.0.0.1',
        '100::1',
        '4000::1',
        'not an address',
        '',
      ],
    ],
  ] as const)('is %s', (expected, addresses) => {
    const wrong = addresses.filter((address) => classifyAddress(address) !== expected);
    expect(wrong).toEqual([]);
  });
});

describe('T06 the host of a URL', () => {
  it.each([
    ['http://0x7f.1/', 'loopback'],
    ['http://2130706433/', 'loopback'],
    ['http://017700000001/', 'loopback'],
    ['http://①②⑦.⓪.⓪.①/', 'loopback'],
    ['http://127.0.0.1./', 'loopback'],
    ['http://localhost/', 'loopback'],
    ['http://LOCALHOST./', 'loopback'],
    ['http://a.b.localhost/', 'loopback'],
    ['http://[::1]/', 'loopback'],
    ['http://[::ffff:a9fe:a9fe]/', 'forbidden'],
    ['http://[64:ff9b::a9fe:a9fe]/', 'forbidden'],
    ['http://0/', 'forbidden'],
    ['http://metadata.google.internal/', 'forbidden'],
    ['http://Metadata.Google.Internal./', 'forbidden'],
    ['http://192.168.0.1:8080/', 'private'],
    ['https://example.com/', undefined],
    ['https://localhost.example.com/', undefined],
    ['https://notlocalhost/', undefined],
  ])('%s is %s', (url, expected) => {
    expect(classifyHost(new URL(url).hostname)).toBe(expected);
  });
});
