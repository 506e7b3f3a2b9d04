import { expect, test } from 'vitest';
import type { JsonObject } from './json.ts';
import { checkServerAcl } from './server-acl.ts';

const allows = (server: string, content: JsonObject | undefined) =>
  checkServerAcl(server, content).allowed;

test('a room without server ACLs allows every server', () => {
  expect(allows('evil.example', undefined)).toBe(true);
});

test('server ACLs without an allow list deny everybody', () => {
  expect(allows('good.example', {})).toBe(false);
  expect(allows('good.example', { allow: '*' })).toBe(false);
});

test('the deny list goes before the allow list', () => {
  const content = { allow: ['*'], deny: ['*.evil.example', 'evil.example'] };
  expect(allows('evil.example', content)).toBe(false);
  expect(allows('a.evil.example', content)).toBe(false);
  expect(allows('good.example', content)).toBe(true);
});

test('neither the port nor the case of a server name matters', () => {
  const content = { allow: ['*'], deny: ['Evil.example'] };
  expect(allows('evil.example:8448', content)).toBe(false);
  expect(allows('EVIL.example:1234', content)).toBe(false);
});

test.each(['1.2.3.4', '1.2.3.4:8448', '[::1]', '[2001:db8::1]:8448'])(
  'the IP literal %s is denied where allow_ip_literals is false, and only then',
  (server) => {
    expect(allows(server, { allow: ['*'], allow_ip_literals: false })).toBe(false);
    expect(allows(server, { allow: ['*'], allow_ip_literals: 'no' })).toBe(true);
    expect(allows(server, { allow: ['*'] })).toBe(true);
  },
);

test('a name that looks a little like an IP address is a name', () => {
  expect(allows('1.2.3.4.example', { allow: ['*'], allow_ip_literals: false })).toBe(true);
});
