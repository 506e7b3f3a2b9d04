import { expect, test } from 'vitest';
import fc from '../../test/support/fast-check.ts';
import { EpochHistory } from './epochs.ts';
import type { LogReader } from './log.ts';
import { decodeSyncToken, encodeSyncToken, holds } from './token.ts';

const log: LogReader = {
  epoch: 8,
  committed: { epoch: 8, position: 300 },
  onCommitted: () => {},
  mayAnswer: () => true,
};
const epochs = new EpochHistory(
  [
    { epoch: 3, beginsAfter: 0 },
    { epoch: 7, beginsAfter: 100 },
    { epoch: 8, beginsAfter: 250 },
  ],
  log,
);
const token = (epoch: number, position: number, toDevice = 0) => ({
  epoch,
  position,
  toDevice,
  ephemeral: 0,
});

test('a token comes back as it was', () => {
  const part = fc.maxSafeNat();
  fc.assert(
    fc.property(part, part, part, part, (epoch, position, toDevice, ephemeral) => {
      const given = { epoch, position, toDevice, ephemeral };
      expect(decodeSyncToken(encodeSyncToken(given))).toEqual(given);
    }),
  );
});

test('what is no token is not read as one', () => {
  for (const text of ['', 's', 's1.2.3', 't1.2.3.4', 's1.2.3.4.5', 's-1.2.3.4', 's72594_4483']) {
    expect(decodeSyncToken(text)).toBeUndefined();
  }
  expect(decodeSyncToken('szzzzzzzzzzz.1.1.1')).toBeUndefined();
});

test('a token holds up to the end of its epoch', () => {
  expect(holds(token(7, 250), epochs)).toBe(true);
  expect(holds(token(3, 100), epochs)).toBe(true);
});

// Schedule 9 of docs/faults.md: what it was shown beyond 250 was never confirmed, and is lost.
test('a token of epoch 7 beyond the position at which epoch 8 began does not hold', () => {
  expect(holds(token(7, 251), epochs)).toBe(false);
  expect(holds(token(7, 250, 251), epochs)).toBe(false);
});

test('a token of an epoch that never was does not hold, nor one of a future position', () => {
  expect(holds(token(5, 1), epochs)).toBe(false);
  expect(holds(token(9, 1), epochs)).toBe(false);
  expect(holds(token(8, 301), epochs)).toBe(false);
  expect(holds(token(8, 300), epochs)).toBe(true);
});
