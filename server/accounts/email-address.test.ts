import { expect, test } from 'vitest';
import { parseEmailAddress } from './email-address.ts';

test.each([
  ['Alice.Smith+matrix@Example.ORG', 'alice.smith+matrix@example.org'],
  ["o'neil@example.org", "o'neil@example.org"],
  ['a@MÜNCHEN.example', 'a@xn--mnchen-3ya.example'],
  ['a@xn--mnchen-3ya.example', 'a@xn--mnchen-3ya.example'],
  ['a@EXAMPLE。org', 'a@example.org'],
])('%s is kept as %s', (text, address) => {
  expect(parseEmailAddress(text)).toEqual({ ok: true, value: address });
});

test.each([
  'alice',
  '@example.org',
  'a@',
  'a@localhost',
  'a b@example.org',
  'a@exa mple.org',
  'a@example.org\r\nBcc: all@example.org',
  'a\r\n@example.org',
  'a\0@example.org',
  'a@b@example.org',
  '"a@b"@example.org',
  '"a b"@example.org',
  'Alice <a@example.org>',
  'a@example.org,b@example.org',
  'a(comment)@example.org',
  '.a@example.org',
  'a..b@example.org',
  'a@example..org',
  'a@-example.org',
  'a@example.org.',
  'a@example.org:25',
  'a@example.org/x',
  'a@example.org?x',
  'a@example%2eorg',
  'a@[127.0.0.1]',
  'a@127.0.0.1',
  'a@1.2',
  'maría@example.org',
  '\u212Aelvin@example.org',
  `${'a'.repeat(65)}@example.org`,
  `a@${'b.'.repeat(130)}org`,
])('%j is no address', (text) => {
  expect(parseEmailAddress(text).ok).toBe(false);
});
