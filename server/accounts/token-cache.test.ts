import { expect, test } from 'vitest';
import type { UserId } from '../protocol/identifiers.ts';
import { type KnownToken, TokenCache } from './token-cache.ts';

const tokenOf = (userId: string): KnownToken => ({
  caller: { kind: 'user' as const, userId: userId as UserId, deviceId: 'D' },
  expiresMs: null,
});

test('a user’s tokens are forgotten together, and nobody else’s', () => {
  const cache = new TokenCache();
  cache.add('1', tokenOf('@a:x'), cache.generation);
  cache.add('2', tokenOf('@a:x'), cache.generation);
  cache.add('3', tokenOf('@b:x'), cache.generation);
  cache.forget('@a:x' as UserId);
  expect([cache.get('1'), cache.get('2')]).toEqual([undefined, undefined]);
  expect(cache.get('3')).toBeDefined();
});

test('what was read before a logout, and arrives behind it, is not kept', () => {
  const cache = new TokenCache();
  const before = cache.generation;
  cache.forget('@a:x' as UserId);
  cache.add('1', tokenOf('@a:x'), before);
  expect(cache.get('1')).toBeUndefined();
});

test('of more tokens than are kept, those that were used longest ago are read again', () => {
  const cache = new TokenCache();
  const add = (number: number) => cache.add(`${number}`, tokenOf(`@${number}:x`), cache.generation);
  for (let number = 0; number < 50_000; number++) add(number);
  expect(cache.get('0')).toBeDefined();
  add(50_000);
  expect(['0', '1', '2'].map((hash) => cache.get(hash) !== undefined)).toEqual([true, false, true]);
});
