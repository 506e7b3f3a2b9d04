import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { FolderError, makeFolder } from './make-folder.ts';

test('a folder is made with all that is missing above it, and may be there already', () => {
  const path = join(temporaryFolder(), 'a', 'b', 'c');
  makeFolder(path);
  makeFolder(path);
  expect(statSync(path).isDirectory()).toBe(true);
});

test('below /proc, where nobody can make a folder, that is said and not tried for ever', () => {
  expect(() => makeFolder('/proc/farol/data')).toThrow(FolderError);
  expect(() => makeFolder('/proc/farol/data')).toThrow(
    'The folder /proc/farol cannot be used: no folder can be made in /proc.',
  );
});

test('a file in the way is named, at the end of the path and in the middle of it', () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  expect(() => makeFolder(file)).toThrow(`${file} is no folder.`);
  expect(() => makeFolder(join(file, 'data'))).toThrow(`${file} is no folder.`);
});
