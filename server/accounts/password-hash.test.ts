import { expect, test } from 'vitest';
import { hashPassword, isPassword } from './password-hash.ts';

const cheap = { costLog2: 4, parallelism: 1 };

test('a password is known again by its hash, and no other is', async () => {
  const hash = await hashPassword('päss', cheap);
  expect(hash).not.toContain('päss');
  expect(await isPassword('päss', hash)).toBe(true);
  expect(await isPassword('pass', hash)).toBe(false);
});

test('the same password has another hash each time', async () => {
  expect(await hashPassword('a', cheap)).not.toBe(await hashPassword('a', cheap));
});

test('a hash of another cost still holds', async () => {
  const dearer = await hashPassword('a', { costLog2: 6, parallelism: 2 });
  expect(await isPassword('a', dearer)).toBe(true);
});

test('letters that look the same are the same, however the keyboard makes them', async () => {
  const hash = await hashPassword('caf\u00e9', cheap);
  expect(await isPassword('cafe\u0301', hash)).toBe(true);
});

test('a hash of an unknown scheme is a fault, not a wrong password', async () => {
  await expect(isPassword('a', 'md5$x')).rejects.toThrow('does not know');
});
