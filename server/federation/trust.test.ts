import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { trustWith } from './trust.ts';

test('authorities are read once, and again where the file has others', () => {
  const file = join(temporaryFolder(), 'ca.crt');
  writeFileSync(file, PEM('one'));
  const first = trustWith(file);
  expect(trustWith(file)).toBe(first);
  writeFileSync(file, PEM('two'));
  const second = trustWith(file);
  expect(second).not.toBe(first);
  expect(trustWith(file)).toBe(second);
  expect(trustWith(undefined)).not.toBe(second);
});

/** Which of them it is does not matter here. */
const PEM = (name: string) => `# ${name}\n`;
