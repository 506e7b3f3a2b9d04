import { expect, test } from 'vitest';
import { ownRateIn } from './own-rate.ts';

test.each([
  [null, null, undefined],
  [0, 7, 'unlimited'],
  [2, 5, { perSecond: 2, burst: 5 }],
  // Whoever may ask at all may ask once.
  [2, 0, { perSecond: 2, burst: 1 }],
  [2, null, { perSecond: 2, burst: 1 }],
] as const)(
  'of %s a second and %s at once somebody’s own rate is %o',
  (messagesPerSecond, burstCount, rate) => {
    expect(ownRateIn({ messagesPerSecond, burstCount })).toEqual(rate);
  },
);
