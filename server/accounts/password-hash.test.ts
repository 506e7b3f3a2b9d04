import { expect, test } from 'vitest';
import { hashPassword, isOutdated, isPassword, PASSWORD_COST } from './password-hash.ts';

const cheap = { memoryKib: 8, passes: 1, parallelism: 1 };

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
  const dearer = await hashPassword('a', { memoryKib: 32, passes: 2, parallelism: 2 });
  expect(await isPassword('a', dearer)).toBe(true);
});

test('a hash of an earlier release, by scrypt, still holds, and is outdated', async () => {
  // Made by the release of before: scrypt of 'päss', N = 16, p = 1.
  const hash = 'scrypt$4$1$MDEyMzQ1Njc4OWFiY2RlZg$2NTzIJ646VBmxzXbKj8hLQym8A3_nnGfXYhvFngvv4I';
  expect(await isPassword('päss', hash)).toBe(true);
  expect(await isPassword('pass', hash)).toBe(false);
  expect(isOutdated(hash, cheap)).toBe(true);
});

// Made by Python's bcrypt, as Synapse does it: the password by NFKC, of which 72 bytes count.
test.each([
  ['correct horse', '$2b$04$B.s6lT.O14hWY7J.UcjAjONeqf00lgeAPvwzUheO9RKXfc4RRQXau'],
  ['correct horse', '$2y$04$B.s6lT.O14hWY7J.UcjAjONeqf00lgeAPvwzUheO9RKXfc4RRQXau'],
  ['ＦＡＲＯＬ é', '$2b$04$hWPeymYaff7Ft8HnqIHuYeZrsoZ4D8pXkD0bYFyFW/8Yn8ynF2Fse'],
  ['FAROL e\u0301', '$2b$04$hWPeymYaff7Ft8HnqIHuYeZrsoZ4D8pXkD0bYFyFW/8Yn8ynF2Fse'],
  ['x'.repeat(100), '$2b$04$j0gkMzpIY0WTSprH9PqBreS15Z4jRiWtIvBayhw.zxNEJvdjzCBz.'],
])(
  'the password %s is known by the hash %s of another homeserver, which is outdated',
  async (password, hash) => {
    expect(await isPassword(password, hash)).toBe(true);
    expect(await isPassword(password.slice(0, 4), hash)).toBe(false);
    expect(isOutdated(hash, cheap)).toBe(true);
  },
);

test('a hash is outdated when the cost has changed, and not before', async () => {
  const hash = await hashPassword('a', cheap);
  expect(isOutdated(hash, cheap)).toBe(false);
  expect(isOutdated(hash, PASSWORD_COST)).toBe(true);
});

test('the cost is at least what OWASP asks of Argon2id', () => {
  const { memoryKib, passes, parallelism } = PASSWORD_COST;
  expect([memoryKib >= 19 * 1_024, passes >= 2, parallelism]).toEqual([true, true, 1]);
});

test('letters that look the same are the same, however the keyboard makes them', async () => {
  const hash = await hashPassword('caf\u00e9', cheap);
  expect(await isPassword('cafe\u0301', hash)).toBe(true);
});

test('a hash of an unknown scheme is a fault, not a wrong password', async () => {
  await expect(isPassword('a', 'md5$x')).rejects.toThrow('does not know');
});
