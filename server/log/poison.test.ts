import { expect, test } from 'vitest';
import fc from '../../test/support/fast-check.ts';
import { firstToFail, Refusals } from './poison.ts';

test('the first that fails is found, in as many questions as halving takes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.nat(), async (count, chance) => {
      const poison = chance % count;
      let questions = 0;
      const found = await firstToFail(count, async (length) => {
        questions += 1;
        return length > poison;
      });
      expect(found).toBe(poison);
      expect(questions).toBeLessThanOrEqual(Math.ceil(Math.log2(count)));
    }),
  );
});

test('each refusal beyond the third costs a pause more, and they add up', () => {
  let nowMs = 0;
  const refusals = new Refusals(() => nowMs);
  const waits = [1, 2, 3, 4].map(() => {
    refusals.charge('eve');
    return refusals.waitMs('eve');
  });
  expect(waits).toEqual([0, 0, 20_000, 40_000]);
  nowMs = 39_999;
  expect([refusals.waitMs('eve'), refusals.waitMs('bob')]).toEqual([1, 0]);
  nowMs = 40_000;
  expect(refusals.waitMs('eve')).toBe(0);
});

test('of those who were refused the last 10,000 are remembered', () => {
  const refusals = new Refusals(() => 0);
  for (let count = 0; count < 3; count++) refusals.charge('first');
  for (let n = 0; n < 9_999; n++) refusals.charge(`${n}`);
  expect(refusals.waitMs('first')).toBe(20_000);
  refusals.charge('one more');
  expect(refusals.waitMs('first')).toBe(0);
});
