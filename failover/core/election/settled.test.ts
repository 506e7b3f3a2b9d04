import { expect, test } from 'vitest';
import { Settled, type Told } from './settled.ts';

const at = (lsn: number, mayHaveMore = true): Told => ({
  ...{ site: 'b', timeline: 3, lsn },
  mayHaveMore,
});

test('what a copy says that cannot have more counts at once', () => {
  expect(new Settled().standingIn(at(90, false), 0)).toEqual({ site: 'b', timeline: 3, lsn: 90 });
});

test('one that may have more counts once its position has stood still for three seconds', () => {
  const settled = new Settled();
  const lsnOf = (lsn: number, now: number) => settled.standingIn(at(lsn), now).lsn;
  expect([lsnOf(90, 0), lsnOf(90, 2_999), lsnOf(90, 3_000)]).toEqual([0, 0, 90]);
  expect([lsnOf(91, 3_100), lsnOf(91, 6_099), lsnOf(91, 6_100)]).toEqual([0, 0, 91]);
});

test('each copy stands still for itself', () => {
  const settled = new Settled();
  settled.standingIn(at(90), 0);
  expect(settled.standingIn({ ...at(90), site: 'c' }, 3_000).lsn).toBe(0);
  expect(settled.standingIn(at(90), 3_000).lsn).toBe(90);
});
