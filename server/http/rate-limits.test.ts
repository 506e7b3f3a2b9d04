import { expect, test } from 'vitest';
import { UNLIMITED } from '../../test/support/open-gate.ts';
import type { OwnRate } from '../protocol/caller.ts';
import type { RateLimit } from './endpoint.ts';
import { RateLimits, subscriberOf } from './rate-limits.ts';

function limitsOf(write: { perSecond: number; burst: number }, bounds = {}) {
  const clock = { ms: 0 };
  const rates = { ...UNLIMITED, write };
  return { clock, limits: new RateLimits(rates, () => clock.ms, bounds) };
}

test('a burst is let through, then as many as the rate says', () => {
  const { clock, limits } = limitsOf({ perSecond: 10, burst: 2 });
  expect([limits.take('write', 'a'), limits.take('write', 'a')]).toEqual([0, 0]);
  expect(limits.take('write', 'a')).toBe(100);
  clock.ms += 100;
  expect(limits.take('write', 'a')).toBe(0);
});

test('a refused request takes nothing, so whoever waits as told is let in', () => {
  const { clock, limits } = limitsOf({ perSecond: 1, burst: 1 });
  limits.take('write', 'a');
  for (let i = 0; i < 10; i++) expect(limits.take('write', 'a')).toBe(1_000);
  clock.ms += 1_000;
  expect(limits.take('write', 'a')).toBe(0);
});

test('what was taken in vain is given back, and never more than the burst', () => {
  const { limits } = limitsOf({ perSecond: 1, burst: 2 });
  const take = () => limits.take('write', 'a');
  expect([take(), take(), take()]).toEqual([0, 0, 1_000]);
  limits.giveBack('write', 'a');
  expect([take(), take()]).toEqual([0, 1_000]);
  for (let n = 0; n < 5; n += 1) limits.giveBack('write', 'a');
  expect([take(), take(), take()]).toEqual([0, 0, 1_000]);
});

test('what cost more than it seemed is waited for by what follows, and not for ever', () => {
  const { clock, limits } = limitsOf({ perSecond: 1, burst: 2 });
  limits.take('write', 'a');
  limits.charge('write', 'a', 5);
  expect([limits.take('write', 'a'), limits.take('write', 'b')]).toEqual([5_000, 0]);
  clock.ms += 5_000;
  expect(limits.take('write', 'a')).toBe(0);
  limits.charge('write', 'a', 1_000_000);
  expect(limits.take('write', 'a')).toBe(21_000);
});

test('quiet time saves up no more than the burst', () => {
  const { clock, limits } = limitsOf({ perSecond: 10, burst: 2 });
  limits.take('write', 'a');
  clock.ms += 3_600_000;
  const waits = [1, 2, 3].map(() => limits.take('write', 'a'));
  expect(waits).toEqual([0, 0, 100]);
});

test('whoever makes up names until their own is forgotten has spent no less', () => {
  const { clock, limits } = limitsOf({ perSecond: 1, burst: 5 }, { bucketsMax: 3 });
  const takeAll = (who: string) => [1, 2, 3, 4, 5].map(() => limits.take('write', who));
  expect(takeAll('a')).toEqual([0, 0, 0, 0, 0]);
  clock.ms += 2_000;
  for (const name of ['b', 'c', 'd', 'e']) limits.take('write', name);
  clock.ms += 1_000;
  expect(takeAll('a').filter((waitMs) => waitMs === 0)).toHaveLength(3);
  clock.ms += 10_000;
  for (const name of ['b', 'c', 'd', 'e']) limits.take('write', name);
  expect(takeAll('a')).toEqual([0, 0, 0, 0, 0]);
});

test('what somebody owed elsewhere they owe here, and no more than that', () => {
  const { clock, limits } = limitsOf({ perSecond: 1, burst: 5 });
  for (let n = 0; n < 4; n += 1) limits.take('write', 'a');
  clock.ms += 500;
  const owedMs = limits.owedMs('write', 'a');
  expect(owedMs).toBe(3_500);
  const { limits: next } = limitsOf({ perSecond: 1, burst: 5 });
  next.owe('write', 'a', owedMs);
  next.owe('write', 'a', 1_000);
  expect(next.owedMs('write', 'a')).toBe(3_500);
  expect([next.take('write', 'a'), next.take('write', 'a')]).toEqual([0, 500]);
  next.owe('write', 'b', 1_000_000);
  expect(next.take('write', 'b')).toBe(1_000);
  expect([next.owedMs('write', 'c'), next.owedMs('none', 'a')]).toEqual([0, 0]);
});

test('a rate of somebody’s own holds for what they write; no limit for all but what is dear or guessed', () => {
  const one = { perSecond: 1, burst: 1 };
  const rates = { ...UNLIMITED, write: one, read: one, login: one, wholeSync: one };
  const limits = new RateLimits(rates, () => 0);
  const waits = (limit: RateLimit, who: string, own: OwnRate) =>
    [1, 2, 3].map(() => limits.take(limit, who, own));
  expect(waits('write', 'bot', { perSecond: 2, burst: 2 })).toEqual([0, 0, 500]);
  expect(waits('read', 'bot', { perSecond: 2, burst: 2 })).toEqual([0, 1_000, 1_000]);
  for (const limit of ['write', 'read'] as const)
    expect(waits(limit, 'bridge', 'unlimited')).toEqual([0, 0, 0]);
  for (const limit of ['login', 'wholeSync'] as const)
    expect(waits(limit, 'bridge', 'unlimited')).toEqual([0, 1_000, 1_000]);
  const off = new RateLimits(UNLIMITED, () => 0);
  expect([1, 2].map(() => off.take('write', 'bot', one))).toEqual([0, 0]);
});

test('a bucket of somebody’s own rate is forgotten as any is', () => {
  const rates = { ...UNLIMITED, write: { perSecond: 9, burst: 9 } };
  const limits = new RateLimits(rates, () => 0, { bucketsMax: 1 });
  const own = { perSecond: 1, burst: 2 };
  const takeAll = () => [1, 2, 3].map(() => limits.take('write', 'bot', own));
  expect(takeAll()).toEqual([0, 0, 1_000]);
  for (const other of ['a', 'b']) limits.take('write', other, own);
  expect(takeAll()).toEqual([1_000, 1_000, 1_000]);
});

test('reads are not counted as writes', () => {
  const { limits } = limitsOf({ perSecond: 1, burst: 1 });
  limits.take('write', 'a');
  expect(limits.take('read', 'a')).toBe(0);
  expect(limits.take('none', 'a')).toBe(0);
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
])('the subscriber behind %s is %s', (address, subscriber) => {
  expect(subscriberOf(address)).toBe(subscriber);
});
