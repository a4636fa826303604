/** How far a server may lead the portable scripts, judged without a network. */
import { describe, expect, it } from 'vitest';
import { classifyAddress, classifyHost } from '../../../skills/mcp-server-oauth/scripts/lib/address-class.mjs';
import { checkedUrl, reachOf, urlWithinReach } from '../../../skills/mcp-server-oauth/scripts/lib/reach.mjs';
import { classifyAddress as classifyByBroker } from '../../../src/core/address-class.js';

const ADDRESSES = [
  ...['8.8.8.8', '127.0.0.1', '10.1.2.3', '100.64.0.1', '169.254.169.254', '100.100.100.200', '168.63.129.16'],
  ...['0.0.0.0', '224.0.0.1', '255.255.255.255', '192.0.2.1', '::1', '::', '::ffff:127.0.0.1', '::ffff:a9fe:a9fe'],
  ...['64:ff9b::a9fe:a9fe', '64:ff9b::808:808', '2002:7f00:1::', '2606:4700::1', 'fc00::1', 'fe80::1%eth0', 'ff02::1'],
  ...['fd00:ec2::254', '2001:db8::1', '2001::1', '::7f00:1', 'not an address'],
];

describe('an address', () => {
  it.each(ADDRESSES)('T06 %s is of the class that the broker gives it', (address) => {
    expect(classifyAddress(address)).toBe(classifyByBroker(address));
  });

  it.each([
    ['localhost.', 'loopback'],
    ['a.localhost', 'loopback'],
    ['metadata.google.internal', 'forbidden'],
    ['mcp.example', undefined],
  ])('the host %s is %s', (host, expected) => {
    expect(classifyHost(host)).toBe(expected);
  });
});

describe('a URL', () => {
  it.each([
    'file:///etc/passwd',
    'vscode://x',
    'javascript:alert(1)',
    'https://good@evil.example/',
    'https://www.$(calc.exe).com/',
    'https://a`b`.example/',
    'https://a.exa\tmple/',
    'nothing',
  ])('T07 T16 T17 %s is refused', (url) => {
    expect(() => checkedUrl(url, 'endpoint')).toThrowError(expect.objectContaining({ code: 'url_not_allowed' }));
  });

  it('T12 plain http is for loopback only', () => {
    expect(() => checkedUrl('http://mcp.example/', 'endpoint')).toThrowError(
      expect.objectContaining({ code: 'insecure_url' }),
    );
    expect(checkedUrl('http://127.0.0.1:8080/', 'endpoint').port).toBe('8080');
  });

  it.each([
    'https://127.0.0.1/',
    'https://10.0.0.1/',
    'https://169.254.169.254/',
    'https://2130706433/',
    'https://0x7f.1/',
  ])('T02 T18 a public server does not lead to %s', (url) => {
    const reach = reachOf(new URL('https://mcp.example/mcp'), false);
    expect(() => urlWithinReach(url, 'endpoint', reach)).toThrowError(
      expect.objectContaining({ code: 'url_not_allowed' }),
    );
  });

  it('a private server is reached by the caller’s word only, and still does not lead to this machine', () => {
    const server = new URL('https://10.0.0.1/mcp');
    expect(() => urlWithinReach(server.href, 'MCP server', reachOf(server, false))).toThrow();
    expect(urlWithinReach(server.href, 'MCP server', reachOf(server, true)).href).toBe(server.href);
    expect(() => urlWithinReach('http://127.0.0.1/', 'endpoint', reachOf(server, true))).toThrow();
  });
});
