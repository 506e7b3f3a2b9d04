import { expect, test } from 'vitest';
import type { ServerName } from '../protocol/identifiers.ts';
import { Admission } from './admission.ts';

const admits = (admission: Admission, ...names: string[]) =>
  names.map((name) => admission.admits(name as ServerName));

test('who is denied is so at all ports, and however the name is written', () => {
  const admission = new Admission({ allow: undefined, deny: ['evil.org', '[2001:db8::1]:99'] });
  expect(admits(admission, 'evil.org', 'EVIL.org', 'evil.org:99', '[2001:db8::1]:99')).toEqual([
    ...[false, false, false, false],
  ]);
  expect(admits(admission, 'not-evil.org', '[2001:db8::1]')).toEqual([true, true]);
});

test.each<[string, string, string[]]>([
  ['a final dot', 'evil.org', ['evil.org.', 'EVIL.org.', 'evil.org.:99', 'evil.org..']],
  ['a final dot in the configuration', 'evil.org.', ['evil.org', 'evil.org:99']],
  ['zeros before its port', 'evil.org:99', ['evil.org:099', 'evil.org.:00099']],
  ['an address at length', '[2001:db8::1]', ['[2001:0DB8:0:0::1]', '[2001:db8:0:0:0:0:0:1]:99']],
  ['an address within another', '203.0.113.7', ['[::ffff:203.0.113.7]', '[::ffff:cb00:7107]:99']],
  ['an address as a number', '203.0.113.7', ['3405803783', '0xcb.0.0x71.7', '203.0.113.7.']],
])('who is denied is so with %s', (_what, denied, names) => {
  const admission = new Admission({ allow: undefined, deny: [denied] });
  expect(admits(admission, ...names)).toEqual(names.map(() => false));
  expect(admits(admission, 'good.org.', '[2001:db8::2]', '[::ffff:203.0.113.8]')).toEqual([
    ...[true, true, true],
  ]);
});

test('who is allowed may write their name with a final dot', () => {
  const admission = new Admission({ allow: ['a.org', 'b.org.:1'], deny: [] });
  expect(admits(admission, 'a.org.', 'b.org:1', 'c.org.')).toEqual([true, true, false]);
});

test('where some are named nobody else is admitted, and who is denied not even then', () => {
  const admission = new Admission({ allow: ['a.org', 'B.org:1'], deny: ['a.org'] });
  expect(admits(admission, 'a.org', 'b.org:1', 'b.org', 'c.org')).toEqual([
    ...[false, true, false, false],
  ]);
});
