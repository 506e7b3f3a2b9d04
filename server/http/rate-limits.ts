import type { RateLimit } from './endpoint.ts';

export interface Rate {
  readonly perSecond: number;
  /** How many may come at once after a quiet time. */
  readonly burst: number;
}
export type Rates = Readonly<Record<Exclude<RateLimit, 'none'>, Rate | 'unlimited'>>;

interface Bucket {
  tokens: number;
  atMs: number;
}

const BUCKETS_MAX = 100_000;

/** Token buckets in memory: a new writer begins with full ones. */
export class RateLimits {
  readonly #rates: Rates;
  readonly #now: () => number;
  /** In order of last use, so that the oldest can be forgotten when there are too many. */
  readonly #buckets = new Map<string, Bucket>();

  /** `now` in milliseconds, of a clock that does not jump. */
  constructor(rates: Rates, now: () => number = () => performance.now()) {
    this.#rates = rates;
    this.#now = now;
  }

  /** What `take` would say, without taking. */
  waitMs(limit: RateLimit, who: string): number {
    const rate = limit === 'none' ? 'unlimited' : this.#rates[limit];
    if (rate === 'unlimited') return 0;
    const { tokens } = this.#refilled(`${limit} ${who}`, rate);
    return tokens < 1 ? Math.ceil(((1 - tokens) / rate.perSecond) * 1_000) : 0;
  }

  /** 0 if the request may go on, else the milliseconds after which it may. */
  take(limit: RateLimit, who: string): number {
    const rate = limit === 'none' ? 'unlimited' : this.#rates[limit];
    if (rate === 'unlimited') return 0;
    const waitMs = this.waitMs(limit, who);
    if (waitMs === 0) this.#refilled(`${limit} ${who}`, rate).tokens -= 1;
    return waitMs;
  }

  #refilled(key: string, rate: Rate): Bucket {
    const now = this.#now();
    const bucket = this.#buckets.get(key) ?? { tokens: rate.burst, atMs: now };
    const gained = ((now - bucket.atMs) / 1_000) * rate.perSecond;
    bucket.tokens = Math.min(rate.burst, bucket.tokens + gained);
    bucket.atMs = now;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > BUCKETS_MAX) this.#buckets.delete(this.#buckets.keys().next().value!);
    return bucket;
  }
}

/** What one subscriber holds of addresses: an IPv4 address, or the first 64 bits of an IPv6 one. */
export function subscriberOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail = ''] = address.split('::');
  const [before, after] = [head, tail].map((part) => part.split(':').filter((each) => each !== ''));
  const zeros = Array<string>(Math.max(0, 8 - before!.length - after!.length)).fill('0');
  return [...before!, ...zeros, ...after!].slice(0, 4).join(':');
}
