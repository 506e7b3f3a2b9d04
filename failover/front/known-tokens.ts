import { hash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Taker } from './shares.ts';

/** A token takes 150 bytes here; whoever is forgotten counts as a stranger until the next answer. */
const KNOWN_MAX = 100_000;

/**
 * The tokens that the writer answered lately with anything but 401, so that strangers who make up
 * tokens have no part in what is kept for its users. Only their hashes: a token is a secret.
 */
export class KnownTokens {
  readonly #known = new Set<string>();
  readonly #max: number;

  constructor(max = KNOWN_MAX) {
    this.#max = max;
  }

  taker(token: string | undefined, address: string): Taker {
    const key = token === undefined ? undefined : hashOf(token);
    if (key !== undefined && this.#known.has(key)) return { key, known: true };
    return { key: networkOf(address), known: false };
  }

  answered(token: string, status: number): void {
    const key = hashOf(token);
    if (status === 401) this.#known.delete(key);
    else if (status < 500 && !this.#known.has(key)) {
      const oldest = this.#known.size >= this.#max ? this.#known.values().next() : undefined;
      if (oldest && !oldest.done) this.#known.delete(oldest.value);
      this.#known.add(key);
    }
  }
}

const hashOf = (token: string): string => hash('sha256', token, 'base64');

/** Who has one IPv6 address has 2^64 of them (RFC 6177). */
export function networkOf(address: string): string {
  const bare = address.replace(/^::ffff:(?=\d+\.)/, '');
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
