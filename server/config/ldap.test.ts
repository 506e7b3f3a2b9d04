import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { readConfig } from './read-config.ts';

const read = (options: Readonly<Record<string, string>>) =>
  readConfig({
    options: Object.entries(options).flatMap(([key, value]) => [`--ldap-${key}`, value]),
    environment: {},
  }).ldap;
const NEEDED = { urls: 'ldap://a, ldaps://b:1636', base: 'ou=people,dc=example,dc=org' };

test('no directory is asked unless it is said where it is, and where people are in it', () => {
  expect(read({})).toBeUndefined();
  expect(() => read({ urls: 'ldap://a' })).toThrow('ldap.base');
  expect(() => read({ ...NEEDED, urls: 'http://a' })).toThrow('--ldap-urls');
  expect(read(NEEDED)).toMatchObject({
    ...{ urls: ['ldap://a', 'ldaps://b:1636'], security: 'starttls', bind: undefined },
    attributes: { localpart: 'uid', name: 'cn', mail: 'mail' },
  });
});

test('a filter that no directory understands is refused at the start', () => {
  expect(read({ ...NEEDED, filter: '(&(a=b)(!(c=d)))' })?.filter).toBe('(&(a=b)(!(c=d)))');
  expect(() => read({ ...NEEDED, filter: '(a=b' })).toThrow('--ldap-filter');
});

test('who looks people up has a password, which is not empty', () => {
  const file = join(temporaryFolder(), 'password');
  const reader = { ...NEEDED, 'bind-dn': 'cn=reader' };
  expect(() => read(reader)).toThrow('belong together');
  writeFileSync(file, '\n');
  expect(() => read({ ...reader, 'bind-password-file': file })).toThrow('is empty');
  writeFileSync(file, 'secret\n');
  expect(read({ ...reader, 'bind-password-file': file })?.bind).toEqual({
    ...{ dn: 'cn=reader', password: 'secret' },
  });
});
