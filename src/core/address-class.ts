/**
 * Which class an address or a host name belongs to. Everything that is not plainly public, private or
 * loopback is forbidden: link-local, cloud metadata, unspecified, multicast, broadcast, documentation.
 */
import { BlockList, isIP } from 'node:net';
import { ADDRESS_CLASSES_KEPT_MAX } from './limits.js';
import type { AddressClass } from './outbound.js';

const PRIVATE_SUBNETS = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '198.18.0.0/15',
  'fc00::/7',
  'fec0::/10',
];

const FORBIDDEN_SUBNETS = [
  '0.0.0.0/8', // unspecified, "this network"
  '169.254.0.0/16', // link-local, cloud metadata
  '100.100.100.200/32', // metadata (Alibaba)
  '168.63.129.16/32', // metadata (Azure's wire server, within public space)
  '192.0.0.0/24', // protocol assignments, metadata (Oracle)
  '192.0.2.0/24', // documentation
  '198.51.100.0/24',
  '203.0.113.0/24',
  '192.88.99.0/24', // 6to4 relays
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
  'fd00:ec2::254/128', // metadata (AWS)
  'fd20:ce::254/128', // metadata (Google)
  'fd00:c1::a9fe:a9fe/128', // metadata (Oracle)
  'fe80::/10', // link-local
  'ff00::/8', // multicast
  '2001::/23', // protocol assignments: Teredo, benchmarking, ORCHID
  '2001:db8::/32', // documentation
  '3fff::/20',
];

/** Names that stand for a metadata service wherever they are resolved, a proxy included. */
const FORBIDDEN_NAMES = new Set(['metadata.google.internal', 'metadata.goog']);

const LOOPBACK_NAME = /(?:^|\.)localhost\.?$/u;

/** Every request asks for the class of its server's address, which is always the same. */
const knownClasses = new Map<string, AddressClass>();

/** The class of an IPv4 or IPv6 literal (a zone identifier is ignored); `forbidden` for anything else. */
export function classifyAddress(address: string): AddressClass {
  const known = knownClasses.get(address);
  if (known !== undefined) return known;
  const found = classifyLiteral(address);
  if (knownClasses.size >= ADDRESS_CLASSES_KEPT_MAX) knownClasses.clear();
  knownClasses.set(address, found);
  return found;
}

function classifyLiteral(address: string): AddressClass {
  const literal = address.split('%')[0] ?? '';
  const version = isIP(literal);
  if (version === 4) return classifyIpv4(literal);
  if (version === 6) return classifyIpv6(literal);
  return 'forbidden';
}

/**
 * The class of a URL's `hostname` where it can be told without resolving it: literals, `localhost`
 * (RFC 6761 section 6.3: all of it is loopback) and names of metadata services. `undefined` for other names.
 */
export function classifyHost(hostname: string): AddressClass | undefined {
  const bare = hostname.replace(/^\[|\]$/gu, '').toLowerCase();
  if (isIP(bare) !== 0) return classifyAddress(bare);
  if (LOOPBACK_NAME.test(bare)) return 'loopback';
  if (FORBIDDEN_NAMES.has(bare.replace(/\.$/u, ''))) return 'forbidden';
  return undefined;
}

function classifyIpv4(address: string): AddressClass {
  const { forbidden, privateUse, loopback } = subnets();
  if (forbidden.check(address, 'ipv4')) return 'forbidden';
  if (loopback.check(address, 'ipv4')) return 'loopback';
  return privateUse.check(address, 'ipv4') ? 'private' : 'public';
}

function classifyIpv6(address: string): AddressClass {
  const { forbidden, privateUse, loopback } = subnets();
  if (loopback.check(address, 'ipv6')) return 'loopback';
  const groups = ipv6Groups(address);
  if (hasPrefix(groups, [0, 0, 0, 0, 0, 0xffff])) return classifyIpv4(ipv4At(groups, 6));
  const translated = translatedIpv4(groups);
  // A translator's prefix around anything but a public address is a detour, never a legitimate name for it.
  if (translated !== undefined) return classifyIpv4(translated) === 'public' ? 'public' : 'forbidden';
  if (forbidden.check(address, 'ipv6')) return 'forbidden';
  if (privateUse.check(address, 'ipv6')) return 'private';
  const isGlobalUnicast = ((groups[0] ?? 0) & 0xe000) === 0x2000;
  return isGlobalUnicast ? 'public' : 'forbidden';
}

/** The IPv4 address within a NAT64 (RFC 6052), 6to4 (RFC 3056), IPv4-translated or IPv4-compatible address. */
function translatedIpv4(groups: readonly number[]): string | undefined {
  if (hasPrefix(groups, [0x64, 0xff9b, 0, 0, 0, 0])) return ipv4At(groups, 6);
  if (hasPrefix(groups, [0x2002])) return ipv4At(groups, 1);
  if (hasPrefix(groups, [0, 0, 0, 0, 0xffff, 0])) return ipv4At(groups, 6);
  if (hasPrefix(groups, [0, 0, 0, 0, 0, 0])) return ipv4At(groups, 6);
  return undefined;
}

function hasPrefix(groups: readonly number[], prefix: readonly number[]): boolean {
  return prefix.every((group, index) => groups[index] === group);
}

function ipv4At(groups: readonly number[], index: number): string {
  const high = groups[index] ?? 0;
  const low = groups[index + 1] ?? 0;
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/** The eight groups; the URL parser brings every spelling (dotted tail, zeros, case) into one form first. */
function ipv6Groups(address: string): readonly number[] {
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const before = hexGroups(head);
  if (tail === undefined) return before;
  const after = hexGroups(tail);
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function hexGroups(text: string): readonly number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

interface Subnets {
  readonly forbidden: BlockList;
  readonly privateUse: BlockList;
  readonly loopback: BlockList;
}

let builtSubnets: Subnets | undefined;

function subnets(): Subnets {
  builtSubnets ??= {
    forbidden: blockListOf(FORBIDDEN_SUBNETS),
    privateUse: blockListOf(PRIVATE_SUBNETS),
    loopback: blockListOf(['127.0.0.0/8', '::1/128']),
  };
  return builtSubnets;
}

function blockListOf(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = '', bits = ''] = cidr.split('/');
    list.addSubnet(network, Number(bits), network.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}
