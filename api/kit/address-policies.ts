import { BlockList, isIP, isIPv4 } from 'node:net';
import { routeMatches } from '../../domain/route-patterns.ts';

/** A row of the black and white lists, as it is in force. */
export interface PolicyRow {
  permission: 'allow' | 'deny';
  ip: string;
  route: string;
}

/** Whether an address is in the subnet. */
type Subnet = (address: string) => boolean;

export interface AddressPolicy {
  permission: 'allow' | 'deny';
  route: string;
  holds: Subnet;
}

const MAPPED = new BlockList();
MAPPED.addSubnet('::ffff:0:0', 96, 'ipv6');

/** IPv4, also where it is written as IPv6 ('::ffff:203.0.113.7'). */
const isFour = (address: string): boolean => isIPv4(address) || MAPPED.check(address, 'ipv6');
const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv4(address) ? 'ipv4' : 'ipv6');

/**
 * '203.0.113.7', '203.0.113.0/24', '2001:db8::/32'; bits behind the mask do not count. Undefined when it is none of these. A subnet holds addresses of its own
 * family only: ::/0 is every IPv6 address, and no IPv4 one.
 */
export const subnetOf = (text: string): Subnet | undefined => {
  const [, address = '', bits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  if (isIP(address) === 0) return undefined;
  const family = familyOf(address);
  const most = family === 'ipv4' ? 32 : 128;
  const prefix = bits === undefined ? most : Number(bits);
  if (prefix > most) return undefined;
  const list = new BlockList();
  list.addSubnet(address, prefix, family);
  const four = isFour(address) && (family === 'ipv4' || prefix >= 96);
  return (asked) => isFour(asked) === four && list.check(asked, familyOf(asked));
};

/** Rows whose subnet cannot be read are left out: they were refused when they were saved. */
export const compilePolicies = (rows: readonly PolicyRow[]): AddressPolicy[] =>
  rows.flatMap(({ permission, route, ip }) => {
    const holds = subnetOf(ip);
    return holds ? [{ permission, route, holds }] : [];
  });

/**
 * A black list wins over a white one. A path that any white list names is open to the addresses of those lists only. An address nobody can read is on no
 * list (decision 0060).
 */
export const letsIn = (policies: readonly AddressPolicy[], address: string, path: string): boolean => {
  const about = policies.filter(({ route }) => routeMatches(route, path));
  if (about.length === 0) return true;
  const asked = address.split('%', 1)[0]!;
  const holding = isIP(asked) === 0 ? [] : about.filter(({ holds }) => holds(asked));
  if (holding.some(({ permission }) => permission === 'deny')) return false;
  return holding.length > 0 || about.every(({ permission }) => permission === 'deny');
};
