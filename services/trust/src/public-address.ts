import { lookup } from 'node:dns';
import { BlockList, type LookupFunction, isIP } from 'node:net';

/** An address is none that this service may ask. */
export class AddressRefusal extends Error {
  override readonly name = 'AddressRefusal';
}

/**
 * What is not the public internet, from IANA's registry of special-purpose IPv4 addresses: private and shared networks, this host,
 * the metadata server of clouds (link local), documentation, tests, multicast and what is reserved.
 */
const NOT_PUBLIC_IPV4: readonly (readonly [net: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];

/** Of IPv6 only global unicast is public, without what leads to IPv4 addresses or nowhere: IANA's registry for IPv6. */
const GLOBAL_UNICAST = ['2000::', 3] as const;
const NOT_PUBLIC_IPV6: readonly (readonly [net: string, prefix: number])[] = [
  ['2001::', 23], // Teredo, benchmarks, ORCHID
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4
  ['3fff::', 20],
];

const notPublic = new BlockList();
for (const [net, prefix] of NOT_PUBLIC_IPV4) notPublic.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of NOT_PUBLIC_IPV6) notPublic.addSubnet(net, prefix, 'ipv6');
const globalUnicast = new BlockList();
globalUnicast.addSubnet(...GLOBAL_UNICAST, 'ipv6');
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether an IP address is one of the public internet. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !notPublic.check(address, 'ipv4');
    case 6:
      return globalUnicast.check(address, 'ipv6') && !notPublic.check(address, 'ipv6');
    default:
      return false;
  }
}

/** Whether an IP address is one of this very machine. */
export const isLoopback = (address: string): boolean =>
  isIP(address) > 0 && loopback.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');

/**
 * Looks a host up and fails unless all its addresses may be asked. It is given to the connection itself, so that what was looked at is
 * what is connected to, whatever a name server answers a moment later.
 */
export const lookupOnly =
  (mayBeAsked: (address: string) => boolean): LookupFunction =>
  (hostname, options, answer) => {
    lookup(hostname, { ...options, all: true }, (fault, found) => {
      if (fault !== null) {
        answer(fault, '', 0);
        return;
      }
      const [first] = found;
      if (first === undefined || !found.every(({ address }) => mayBeAsked(address)))
        answer(new AddressRefusal('the host has an address that may not be asked'), '', 0);
      else if (options.all === true) answer(null, found);
      else answer(null, first.address, first.family);
    });
  };
