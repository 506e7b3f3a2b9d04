import { expect, test } from 'vitest';
import { prefixRange } from './json.ts';

test('the range of a prefix has all that begins with it, and nothing else', () => {
  const { key, range_end } = prefixRange('/farol/home/site/');
  const [begin, end] = [key, range_end].map((each) => Buffer.from(each, 'base64').toString());
  expect(begin! <= '/farol/home/site/a' && '/farol/home/site/zzz' < end!).toBe(true);
  expect('/farol/home/siteb' < end!).toBe(false);
});
