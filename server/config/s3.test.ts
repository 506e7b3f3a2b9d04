import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { readConfig } from './read-config.ts';

const read = (options: Readonly<Record<string, string>>) =>
  readConfig({
    options: Object.entries(options).flatMap(([key, value]) => [`--s3-${key}`, value]),
    environment: {},
  }).s3;

function needed(secret = 'open sesame\n') {
  const file = join(temporaryFolder(), 'secret');
  writeFileSync(file, secret);
  return {
    ...{ endpoint: 'https://s3.example.org', bucket: 'files' },
    ...{ 'access-key-id': 'AKIA', 'secret-key-file': file },
  };
}

test('files lie in the database unless it is said where else, and by which key', () => {
  expect(read({})).toBeUndefined();
  expect(() => read({ bucket: 'files' })).toThrow('s3.endpoint');
  expect(read(needed())).toEqual({
    ...{ endpoint: 'https://s3.example.org', region: 'us-east-1', bucket: 'files', prefix: '' },
    ...{ pathStyle: true, ca: undefined, accessKeyId: 'AKIA', secretKey: 'open sesame' },
    holdsFiles: true,
  });
});

test.each([
  ['endpoint', 's3.example.org'],
  ['endpoint', 'https://me:word@s3.example.org'],
  ['endpoint', 'https://s3.example.org/?a=b'],
  ['bucket', 'My Bucket'],
  ['bucket', 'a/b'],
  ['prefix', 'farol'],
  ['prefix', '/farol/'],
  ['prefix', 'a//'],
  ['region', 'eu west'],
])('the key s3.%s cannot be %s', (key, value) => {
  expect(() => read({ ...needed(), [key]: value })).toThrow(`--s3-${key}`);
});

test('a secret that is not there is missed at the start', () => {
  expect(() => read(needed('\n'))).toThrow('is empty');
  expect(() => read({ ...needed(), 'secret-key-file': '/nowhere' })).toThrow('/nowhere');
});
