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

test.each(['evil.example:1', 'evil.example:80', 'evil.example:65039'])(
  "the suspect server's port number must not be considered: %s",
  (server) => {
    expect(allows(server, { allow: ['*'], deny: ['evil.example'] })).toBe(false);
  },
);

test('an IPv6 literal is listed with its brackets and without its port', () => {
  const content = { allow: ['*'], deny: ['[2001:db8:1::1]'] };
  expect(allows('[2001:db8:1::1]:8448', content)).toBe(false);
  expect(allows('[2001:db8:2::1]:8448', content)).toBe(true);
});

test('an entry that is no string matches no server', () => {
  expect(allows('good.example', { allow: [7, null, 'good.example'], deny: [7] })).toBe(true);
});

test('a refusal says which part of the server ACLs it comes from', () => {
  const content = { allow: ['good.example'], deny: ['evil.example'], allow_ip_literals: false };
  const reason = (server: string) => checkServerAcl(server, content);
  expect(reason('1.2.3.4')).toMatchObject({ reason: expect.stringContaining('IP') });
  expect(reason('evil.example')).toMatchObject({ reason: expect.stringContaining('denies') });
  expect(reason('other.example')).toMatchObject({ reason: expect.stringContaining('not allow') });
});

const IP_LITERALS = [
  ...['1.2.3.4', '1.2.3.4:8448', '127.255.100.199', '0.0.0.0', '9.9.9.9', '90.80.70.60'],
  ...['[::1]', '[2001:db8::1]:8448'],
];

test.each(IP_LITERALS)(
  'the IP literal %s is denied where allow_ip_literals is false, and only then',
  (server) => {
    expect(allows(server, { allow: ['*'], allow_ip_literals: false })).toBe(false);
    expect(allows(server, { allow: ['*'], allow_ip_literals: 'no' })).toBe(true);
    expect(allows(server, { allow: ['*'] })).toBe(true);
  },
);

test.each([
  '1.2.3.4.example',
  'a1.2.3.4',
  '1.2.3',
  '1.2.3.4.5',
  '1234.1.1.1',
  '1.1.1.1234',
  '1.2.3x4',
])('%s, which looks a little like an IP address, is a name', (server) => {
  expect(allows(server, { allow: ['*'], allow_ip_literals: false })).toBe(true);
});
