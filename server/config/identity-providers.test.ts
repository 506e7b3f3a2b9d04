import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { readIdentityProviders } from './identity-providers.ts';

const files = (...providers: readonly (readonly [id: string, issuer: string])[]) => {
  const folder = temporaryFolder();
  return providers.map(([id, issuer], at) => {
    const file = join(folder, `${at}.yaml`);
    writeFileSync(file, `id: ${id}\nname: One\nissuer: ${issuer}\nclientId: farol\n`);
    return file;
  });
};

test.each([
  ['id', ['a', 'https://one.example.org'], ['a', 'https://two.example.org']],
  ['issuer', ['a', 'https://one.example.org'], ['b', 'https://one.example.org']],
  ['issuer', ['a', 'https://one.example.org'], ['b', 'https://one.example.org/']],
] as const)('no two providers have the same %s: %j and %j', (what, one, other) => {
  const [first, second] = files(one, other);
  expect(() => readIdentityProviders([first!, second!])).toThrow(
    `The identity providers in ${first} and ${second} have the same ${what}`,
  );
});

test('an issuer is kept as it is written down, and one with another path is another', () => {
  const issuers = ['https://one.example.org/', 'https://one.example.org/a'];
  const read = readIdentityProviders(files(['a', issuers[0]!], ['b', issuers[1]!]));
  expect(read.map(({ issuer }) => issuer)).toEqual(issuers);
});
