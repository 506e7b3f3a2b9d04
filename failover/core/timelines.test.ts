import { expect, test } from 'vitest';
import {
  acknowledge,
  give,
  isDead,
  NO_TIMELINES,
  reasonNotToAcknowledge,
  reasonNotToPromote,
} from './timelines.ts';
import type { Timelines } from './view.ts';

test('no number is given twice: not to a copy that has not heard of the other promotion either', () => {
  const first = give(NO_TIMELINES, 'a', 1, 2);
  const second = give(first, 'c', 1, 2);
  expect([first.given, second.given]).toEqual([2, 3]);
  // Nor is one that PostgreSQL has a history of.
  expect(give(second, 'b', 1, 6).given).toBe(6);
});

test('of promotions that come to nothing again and again, the last of each site are remembered', () => {
  let known = give(NO_TIMELINES, 'b', 1, 2);
  for (let attempt = 0; attempt < 10; attempt++) known = give(known, 'a', 1, 2);
  expect(known.promotions.map(({ site, timeline }) => [site, timeline])).toEqual([
    ['b', 2],
    ['a', 9],
    ['a', 10],
    ['a', 11],
    ['a', 12],
  ]);
  expect(known.given).toBe(12);
});

test('who has not gone through the timeline that acknowledged is not promoted', () => {
  const known = acknowledge(give(NO_TIMELINES, 'c', 1, 3), 'c', { led: 3, key: 50 });
  expect(reasonNotToPromote([1, 2], known)).toContain('not gone through timeline 3');
  expect(reasonNotToPromote([1, 3], known)).toBeNull();
  expect(reasonNotToPromote([1, 3, 4], known)).toBeNull();
  expect(reasonNotToPromote([1], NO_TIMELINES)).toBeNull();
});

test('nor who left that timeline before its leader began to acknowledge again', () => {
  const begun = acknowledge(NO_TIMELINES, 'a', { led: 1, key: 50 });
  const left = give(begun, 'b', 1, 2);
  expect(reasonNotToPromote([1, 2], left)).toBeNull();
  const again = acknowledge(left, 'a', { led: 1, key: 60 });
  expect(reasonNotToPromote([1, 2], again)).toContain('left timeline 1');
  expect(reasonNotToPromote([1, 3], again)).toBeNull();
});

test('a timeline acknowledges if it is the same as before, or was given here, or is of a Patroni that does not ask', () => {
  const noted = acknowledge(NO_TIMELINES, 'a', { led: 5, key: 50 });
  const refused = (known: Timelines, site: string, led: number) =>
    reasonNotToAcknowledge(known, site, led) !== null;
  expect(refused(noted, 'b', 5)).toBe(false);
  const known = give(noted, 'a', 5, 6);
  expect([refused(known, 'a', 6), refused(known, 'b', 7)]).toEqual([false, false]);
  expect([refused(known, 'b', 6), refused(known, 'a', 4)]).toEqual([true, true]);
  expect(reasonNotToAcknowledge(known, 'a', 4)).toContain('let it be forgotten');
});

// In an upgrade: PostgreSQL took a number that another site had been given in vain.
test('where a Patroni that does not ask took a number that was burnt, nothing is lost: the primary has to move once', () => {
  const known = give(acknowledge(NO_TIMELINES, 'a', { led: 5, key: 50 }), 'a', 5, 6);
  expect(reasonNotToAcknowledge(known, 'b', 6)).toContain('the primary has to move once');
  const moved = give(known, 'c', 6, 7);
  expect(reasonNotToPromote([5, 6], known)).toBeNull();
  // One that was given before the last note may have been left before it, too.
  const before = acknowledge(known, 'a', { led: 5, key: 60 });
  expect(reasonNotToAcknowledge(before, 'b', 6)).toContain('let it be forgotten');
  expect(reasonNotToAcknowledge(moved, 'c', 7)).toBeNull();
});

// Patroni asks nobody for a primary that takes a vacant key, and looks at the number alone.
test('a primary goes on only if no other site was given a higher number', () => {
  const known = give(acknowledge(NO_TIMELINES, 'a', { led: 5, key: 50 }), 'a', 5, 6);
  expect(reasonNotToAcknowledge(known, 'b', 5)).toContain('timeline 6 was given to a');
  const moved = give(known, 'b', 5, 6);
  expect(reasonNotToAcknowledge(moved, 'b', 7)).toBeNull();
  expect(reasonNotToAcknowledge(moved, 'a', 6)).toContain('timeline 7 was given to b');
  // What was given here in vain nobody else leads.
  expect(reasonNotToAcknowledge(give(known, 'b', 5, 6), 'b', 7)).toBeNull();
  expect(
    reasonNotToAcknowledge(
      give(acknowledge(NO_TIMELINES, 'a', { led: 5, key: 50 }), 'b', 5, 6),
      'b',
      5,
    ),
  ).toBeNull();
});

test('of two that were promoted the one that acknowledges first is the last word', () => {
  const two = give(give(acknowledge(NO_TIMELINES, 'a', { led: 1, key: 50 }), 'a', 1, 2), 'b', 1, 2);
  const noted = acknowledge(two, 'a', { led: 2, key: 60 });
  expect(noted.acknowledging).toEqual({ timeline: 2, site: 'a', parent: 1, before: 3, key: 60 });
  expect(reasonNotToPromote([1, 3], noted)).not.toBeNull();
  expect(reasonNotToAcknowledge(noted, 'b', 3)).not.toBeNull();
});

test('by its number alone a copy is dead up to the last that was given before, but for the living one', () => {
  const { acknowledging }: Timelines = acknowledge({ ...NO_TIMELINES, given: 4 }, 'a', {
    led: 3,
    key: 50,
  });
  expect([2, 3, 4, 5].map((timeline) => isDead(timeline, acknowledging!))).toEqual([
    true,
    false,
    true,
    false,
  ]);
});
