// @ts-check
/**
 * Which class an address belongs to. What is not plainly public, private or loopback is forbidden:
 * link-local and cloud metadata, unspecified, multicast, documentation.
 */
import { BlockList, isIP } from 'node:net';

/** @typedef {'public' | 'private' | 'loopback' | 'forbidden'} AddressClass */

const loopback = blockList(['127.0.0.0/8', '::1/128']);
const privateUse = blockList([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '198.18.0.0/15',
  'fc00::/7',
  'fec0::/10',
]);
const forbidden = blockList([
  '0.0.0.0/8',
  '169.254.0.0/16', // link-local, cloud metadata
  '100.100.100.200/32', // metadata (Alibaba)
  '168.63.129.16/32', // metadata (Azure)
  '192.0.0.0/24', // protocol assignments, metadata (Oracle)
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  'fd00:ec2::254/128', // metadata (AWS)
  'fd20:ce::254/128', // metadata (Google)
  'fd00:c1::a9fe:a9fe/128', // metadata (Oracle)
  'fe80::/10',
  'ff00::/8',
  '2001::/23',
  '2001:db8::/32',
  '3fff::/20',
]);
const METADATA_NAMES = new Set(['metadata.google.internal', 'metadata.goog']);

/**
 * The class of an IPv4 or IPv6 literal; `forbidden` for anything else.
 *
 * @param {string} address
 * @returns {AddressClass}
 */
export function classifyAddress(address) {
  const literal = address.split('%')[0] ?? '';
  const version = isIP(literal);
  if (version === 4) return classifyIpv4(literal);
  return version === 6 ? classifyIpv6(literal) : 'forbidden';
}

/**
 * The class of a URL's `hostname` where it can be told without resolving it, else undefined.
 *
 * @param {string} hostname
 * @returns {AddressClass | undefined}
 * @see RFC 6761 section 6.3 (`localhost`)
 */
export function classifyHost(hostname) {
  const bare = hostname.replace(/^\[|\]$/gu, '').toLowerCase();
  if (isIP(bare) !== 0) return classifyAddress(bare);
  if (/(?:^|\.)localhost\.?$/u.test(bare)) return 'loopback';
  return METADATA_NAMES.has(bare.replace(/\.$/u, '')) ? 'forbidden' : undefined;
}

/** @param {string} address @returns {AddressClass} */
function classifyIpv4(address) {
  if (forbidden.check(address, 'ipv4')) return 'forbidden';
  if (loopback.check(address, 'ipv4')) return 'loopback';
  return privateUse.check(address, 'ipv4') ? 'private' : 'public';
}

/** @param {string} address @returns {AddressClass} */
function classifyIpv6(address) {
  if (loopback.check(address, 'ipv6')) return 'loopback';
  const groups = groupsOf(address);
  if (startsWith(groups, [0, 0, 0, 0, 0, 0xffff])) return classifyIpv4(ipv4At(groups, 6));
  const wrapped = wrappedIpv4(groups);
  // An internal IPv4 address in a translated form is a detour, never a proper name for it.
  if (wrapped !== undefined) return classifyIpv4(wrapped) === 'public' ? 'public' : 'forbidden';
  if (forbidden.check(address, 'ipv6')) return 'forbidden';
  if (privateUse.check(address, 'ipv6')) return 'private';
  return ((groups[0] ?? 0) & 0xe000) === 0x2000 ? 'public' : 'forbidden';
}

/** The IPv4 address within a NAT64 (RFC 6052), 6to4 (RFC 3056), translated or compatible address. @param {number[]} groups */
function wrappedIpv4(groups) {
  if (startsWith(groups, [0x2002])) return ipv4At(groups, 1);
  const prefixes = [
    [0x64, 0xff9b, 0, 0, 0, 0],
    [0, 0, 0, 0, 0xffff, 0],
    [0, 0, 0, 0, 0, 0],
  ];
  return prefixes.some((prefix) => startsWith(groups, prefix)) ? ipv4At(groups, 6) : undefined;
}

/** @param {number[]} groups @param {number[]} prefix */
function startsWith(groups, prefix) {
  return prefix.every((group, index) => groups[index] === group);
}

/** @param {number[]} groups @param {number} index */
function ipv4At(groups, index) {
  const high = groups[index] ?? 0;
  const low = groups[index + 1] ?? 0;
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/** The eight groups; the URL parser brings every spelling into one form first. @param {string} address */
function groupsOf(address) {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  /** @param {string} text */
  const hex = (text) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  if (tail === undefined) return hex(head);
  const zeros = 8 - hex(head).length - hex(tail).length;
  return [...hex(head), ...new Array(zeros).fill(0), ...hex(tail)];
}

/** @param {string[]} cidrs */
function blockList(cidrs) {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = '', bits] = cidr.split('/');
    list.addSubnet(network, Number(bits), network.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}
