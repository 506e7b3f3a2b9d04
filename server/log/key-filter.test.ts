import { randomFillSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { KeyFilter } from './key-filter.ts';

const BYTES = 16;
const ADDED = 2_000_000;
const OTHERS = 20_000;

test('what was added is never lacking, and of others one in 400 is taken for it where two million were', () => {
  const keys = randomFillSync(Buffer.alloc((ADDED + OTHERS) * BYTES));
  const keyAt = (n: number) => keys.subarray(n * BYTES, (n + 1) * BYTES);
  const filter = new KeyFilter();
  expect(filter.lacks(keyAt(0))).toBe(true);
  for (let n = 0; n < ADDED; n++) filter.add(keys, n * BYTES);
  let [lost, taken] = [0, 0];
  for (let n = 0; n < ADDED; n++) if (filter.lacks(keyAt(n))) lost++;
  for (let n = ADDED; n < ADDED + OTHERS; n++) if (!filter.lacks(keyAt(n))) taken++;
  expect(lost).toBe(0);
  // 50, give or take 7.
  expect(taken).toBeGreaterThan(5);
  expect(taken).toBeLessThan(120);
});
