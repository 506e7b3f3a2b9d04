import { expect, test } from 'vitest';
import { lifetimeOf } from './retention.ts';

const NONE = { defaultLifetimeMs: undefined, lifetimeMsMin: undefined, lifetimeMsMax: undefined };

test('a room that says nothing keeps everything, unless the operator says how long', () => {
  expect(lifetimeOf(undefined, NONE)).toBeUndefined();
  expect(lifetimeOf(undefined, { ...NONE, lifetimeMsMax: 5 })).toBeUndefined();
  expect(lifetimeOf({}, { ...NONE, defaultLifetimeMs: 7 })).toBe(7);
});

test('what a room wishes is brought into the bounds of the operator', () => {
  const bounds = { defaultLifetimeMs: 7, lifetimeMsMin: 10, lifetimeMsMax: 20 };
  expect([5, 15, 25].map((max_lifetime) => lifetimeOf({ max_lifetime }, bounds))).toEqual([
    ...[10, 15, 20],
  ]);
  expect(lifetimeOf({ max_lifetime: 0 }, NONE)).toBe(0);
});

test.each([-1, 1.5, '5', null, {}])('%j is no time, and says nothing', (max_lifetime) => {
  expect(lifetimeOf({ max_lifetime }, { ...NONE, defaultLifetimeMs: 7 })).toBe(7);
});
