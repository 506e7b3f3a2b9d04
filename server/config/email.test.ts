import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { readConfig } from './read-config.ts';

const read = (options: Readonly<Record<string, string>>) =>
  readConfig({
    options: Object.entries(options).flatMap(([key, value]) => [`--email-${key}`, value]),
    environment: {},
  }).email;
const NEEDED = { host: 'mail.example.org', from: 'no-reply@example.org' };

test('no e-mails are sent unless a mail server is named, and an address that they come from', () => {
  expect(read({})).toBeUndefined();
  expect(() => read({ host: 'mail.example.org' })).toThrow('email.from');
  expect(() => read({ ...NEEDED, from: 'nobody' })).toThrow('--email-from');
  expect(read(NEEDED)?.smtp).toMatchObject({ port: 587, security: 'starttls' });
});

test('the password is read of its file, without the end of the line', () => {
  const file = join(temporaryFolder(), 'password');
  writeFileSync(file, ' secret \n');
  const login = { user: 'farol', 'password-file': file };
  expect(read({ ...NEEDED, ...login })?.smtp.password).toBe(' secret ');
  expect(() => read({ ...NEEDED, user: 'farol' })).toThrow('belong together');
  expect(() => read({ ...NEEDED, ...login, 'password-file': `${file}s` })).toThrow(
    'The key "email.passwordFile" names',
  );
});

test('words of the operator stand in a folder, the subject on the first line', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'no-account.txt'), 'Who are you?\r\n\r\nHello,\r\nwho are you?\r\n');
  const letters = read({ ...NEEDED, templates: folder })?.letters;
  expect(letters).toEqual({
    'no-account': { subject: 'Who are you?', text: 'Hello,\nwho are you?\n' },
  });
  const wrong = temporaryFolder();
  writeFileSync(join(wrong, 'no-account.txt'), 'Hello,\nwho are you?\n');
  expect(() => read({ ...NEEDED, templates: wrong })).toThrow('its subject on the first line');
});
