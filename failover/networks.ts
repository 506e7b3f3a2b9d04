import { isIPv6 } from 'node:net';

/** As whom an address counts: who has one IPv6 address has 2^64 of them (RFC 6177). */
export function networkOf(address: string): string {
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(bare)) return bare;
  const [left = '', right] = bare.split('%')[0]!.split('::');
  const groups = left.split(':').filter((group) => group !== '');
  if (right !== undefined) {
    const tail = right.split(':').filter((group) => group !== '');
    while (groups.length + tail.length < 8) groups.push('0');
    groups.push(...tail);
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}
