import { expect, test } from 'vitest';
import { Lately } from './lately.ts';

const MAX = { items: 10, bytes: 100 };

test('what was noted is told in its order, up to where it is asked for, and so many at once', () => {
  const lately = noting([11, 13, 14, 20]);
  expect(positionsIn(lately, 10, 14)).toEqual([11, 13, 14]);
  expect(positionsIn(lately, 10, 20, 2)).toEqual([11, 13]);
  expect(positionsIn(lately, 13, 20, 2)).toEqual([14, 20]);
  expect(positionsIn(lately, 20, 25)).toEqual([]);
});

test('of what was before it began it knows nothing', () => {
  const lately = noting([11, 12]);
  expect(positionsIn(lately, 9, 12)).toBeUndefined();
  lately.beginAt(13);
  lately.hold({ position: 14 }, 1);
  expect(positionsIn(lately, 12, 14)).toBeUndefined();
  expect(positionsIn(lately, 13, 14)).toEqual([14]);
});

test('what was asked behind is not held any longer, nor told again', () => {
  const lately = noting([11, 12, 13]);
  expect(positionsIn(lately, 12, 13)).toEqual([13]);
  expect(lately.bytes).toBe(1);
  expect(positionsIn(lately, 11, 13)).toBeUndefined();
});

test.each([
  ['number', 1, 10],
  ['weight', 30, 3],
])('no more is held than a bound, by %s: then it begins anew', (_what, bytes, most) => {
  const lately = new Lately(MAX, 0);
  for (let position = 1; position <= most; position++) lately.hold({ position }, bytes);
  expect(positionsIn(lately, 0, 100)).toHaveLength(most);
  lately.hold({ position: most + 1 }, bytes);
  expect(lately.bytes).toBe(0);
  expect(positionsIn(lately, most, 100)).toBeUndefined();
  expect(positionsIn(lately, most + 1, 100)).toEqual([]);
});

function noting(positions: readonly number[]): Lately<{ position: number }> {
  const lately = new Lately<{ position: number }>(MAX, 10);
  for (const position of positions) lately.hold({ position }, 1);
  return lately;
}

const positionsIn = (
  lately: Lately<{ position: number }>,
  after: number,
  upTo: number,
  limit = 100,
) => lately.in({ after, upTo, limit })?.map(({ position }) => position);
