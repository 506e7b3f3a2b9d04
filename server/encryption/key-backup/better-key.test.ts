import { expect, test } from 'vitest';
import { isBetter } from './better-key.ts';

const kept = { isVerified: false, firstMessageIndex: 5, forwardedCount: 3 };

test.each<[string, Partial<typeof kept>, boolean]>([
  ['of a verified device', { isVerified: true, firstMessageIndex: 9, forwardedCount: 9 }, true],
  ['that decrypts from earlier on', { firstMessageIndex: 4, forwardedCount: 9 }, true],
  ['that decrypts from later on', { firstMessageIndex: 6, forwardedCount: 0 }, false],
  ['that was forwarded less often', { forwardedCount: 2 }, true],
  ['that was forwarded more often', { forwardedCount: 4 }, false],
  ['that is alike', {}, false],
])('a key %s takes the place of the one that is there, or not', (_which, offered, better) => {
  expect(isBetter({ ...kept, ...offered }, kept)).toBe(better);
});

test('a key of a verified device stays, whatever comes', () => {
  const offered = { isVerified: false, firstMessageIndex: 0, forwardedCount: 0 };
  expect(isBetter(offered, { ...kept, isVerified: true })).toBe(false);
});
