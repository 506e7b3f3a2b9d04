import { createHash, randomBytes } from 'node:crypto';
import type { OwnRate } from '../protocol/caller.ts';
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
  /** As it was last asked for. */
  rate: Rate;
}

/** For whom there is no limit. What costs a hundred times the others, and guessing, has one for everybody. */
const LIFTED: ReadonlySet<RateLimit> = new Set(['read', 'write', 'sync']);

const BUCKETS_MAX = 100_000;
const PLACES = 65_536;
/** Nobody waits for ever for what they asked for once. */
const DEBT_BURSTS_MAX = 10;

/** Token buckets in memory: a new writer begins with full ones, but for what `owe` told it. `own` is what holds for the user alone. */
export class RateLimits {
  readonly #rates: Rates;
  readonly #now: () => number;
  readonly #bucketsMax: number;
  /** In order of last use, so that the oldest can be forgotten when there are too many. */
  readonly #buckets = new Map<string, Bucket>();
  readonly #forgotten = new ForgottenDebts();

  /** `now` in milliseconds, of a clock that does not jump. */
  constructor(
    rates: Rates,
    now: () => number = () => performance.now(),
    { bucketsMax = BUCKETS_MAX }: { bucketsMax?: number } = {},
  ) {
    this.#rates = rates;
    this.#now = now;
    this.#bucketsMax = bucketsMax;
  }

  /** What `take` would say, without taking. */
  waitMs(limit: RateLimit, who: string, own?: OwnRate | 'exempt'): number {
    const rate = this.#rateOf(limit, own);
    if (rate === 'unlimited') return 0;
    const { tokens } = this.#refilled(limit, who, rate);
    return tokens < 1 ? Math.ceil(((1 - tokens) / rate.perSecond) * 1_000) : 0;
  }

  /** 0 if the request may go on, else the milliseconds after which it may. */
  take(limit: RateLimit, who: string, own?: OwnRate | 'exempt'): number {
    const rate = this.#rateOf(limit, own);
    if (rate === 'unlimited') return 0;
    const waitMs = this.waitMs(limit, who, own);
    if (waitMs === 0) this.#refilled(limit, who, rate).tokens -= 1;
    return waitMs;
  }

  /** What a request turned out to cost beyond the one that it took: as a debt, which those that follow wait for. */
  charge(limit: RateLimit, who: string, count: number): void {
    const rate = this.#rateOf(limit, undefined);
    if (rate === 'unlimited') return;
    const bucket = this.#refilled(limit, who, rate);
    bucket.tokens = Math.max(bucket.tokens - count, -DEBT_BURSTS_MAX * rate.burst);
  }

  /** Of what was taken in case that came to nothing. */
  giveBack(limit: RateLimit, who: string): void {
    const rate = this.#rateOf(limit, undefined);
    if (rate === 'unlimited') return;
    this.#refilled(limit, who, rate).tokens += 1;
  }

  /** The milliseconds until they may ask as often as somebody who never did. */
  owedMs(limit: RateLimit, who: string): number {
    const rate = this.#rateOf(limit, undefined);
    if (rate === 'unlimited') return 0;
    const { tokens } = this.#refilled(limit, who, rate);
    return ((rate.burst - tokens) / rate.perSecond) * 1_000;
  }

  /** What somebody owed to another writer; less than they owe here changes nothing. */
  owe(limit: RateLimit, who: string, owedMs: number): void {
    const rate = this.#rateOf(limit, undefined);
    if (rate === 'unlimited') return;
    const bucket = this.#refilled(limit, who, rate);
    const left = rate.burst - (owedMs / 1_000) * rate.perSecond;
    bucket.tokens = Math.max(0, Math.min(bucket.tokens, left));
  }

  #rateOf(limit: RateLimit, own: OwnRate | 'exempt' | undefined): Rate | 'unlimited' {
    const ofAll = limit === 'none' ? 'unlimited' : this.#rates[limit];
    // Where the operator wants no limits nobody has one.
    if (own === undefined || ofAll === 'unlimited') return ofAll;
    if (own === 'exempt') return 'unlimited';
    if (own === 'unlimited') return LIFTED.has(limit) ? own : ofAll;
    return limit === 'write' ? own : ofAll;
  }

  #refilled(limit: RateLimit, who: string, rate: Rate): Bucket {
    const now = this.#now();
    const key = `${limit} ${who}`;
    const bucket = this.#buckets.get(key) ?? this.#begun(key, rate, now);
    const gained = ((now - bucket.atMs) / 1_000) * rate.perSecond;
    bucket.tokens = Math.min(rate.burst, bucket.tokens + gained);
    bucket.atMs = now;
    bucket.rate = rate;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.#bucketsMax) this.#forgetOldest();
    return bucket;
  }

  #begun(key: string, rate: Rate, now: number): Bucket {
    const { perSecond, burst } = rate;
    const owed = ((this.#forgotten.fullAtMs(key) - now) / 1_000) * perSecond;
    return { tokens: Math.max(0, Math.min(burst, burst - owed)), atMs: now, rate };
  }

  #forgetOldest(): void {
    const [key, { tokens, atMs, rate }] = this.#buckets.entries().next().value!;
    const { perSecond, burst } = rate;
    this.#forgotten.add(key, atMs + ((burst - tokens) / perSecond) * 1_000);
    this.#buckets.delete(key);
  }
}

/**
 * When each bucket that was forgotten would have been full again, or another that shares its place: who
 * makes up names until their own bucket is forgotten gets it back as they left it. Which names share a
 * place nobody outside can know.
 */
class ForgottenDebts {
  readonly #fullAtMs = new Float64Array(PLACES);
  readonly #salt = randomBytes(16);

  fullAtMs(key: string): number {
    return this.#fullAtMs[this.#placeOf(key)]!;
  }

  add(key: string, fullAtMs: number): void {
    const place = this.#placeOf(key);
    this.#fullAtMs[place] = Math.max(this.#fullAtMs[place]!, fullAtMs);
  }

  #placeOf(key: string): number {
    const digest = createHash('sha256').update(this.#salt).update(key).digest();
    return digest.readUInt16BE(0);
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
