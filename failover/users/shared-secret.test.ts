import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { sharedSecretBeside } from './shared-secret.ts';

test.each([
  ['told', 'registrationSharedSecret: known', 'known'],
  ['left empty', 'registrationSharedSecret:', undefined],
  ['empty', "registrationSharedSecret: ''", undefined],
  ['not named', 'serverName: example.org', undefined],
])('a secret of the server that is %s', (_how, text, secret) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'server.yml'), `${text}\n`);
  expect(sharedSecretBeside(join(folder, 'failover.yml'))).toBe(secret);
});

test('a machine without a server knows no secret', () => {
  expect(sharedSecretBeside(join(temporaryFolder(), 'failover.yml'))).toBeUndefined();
});
