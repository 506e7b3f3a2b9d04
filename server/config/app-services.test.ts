import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ownsUser } from '../protocol/app-service.ts';
import { ConfigError, readConfig } from './read-config.ts';

/** As mautrix's bridges write it. */
const REGISTRATION = `
id: telegram
as_token: as-secret
hs_token: hs-secret
namespaces:
    users:
        - exclusive: true
          regex: ^@telegram_.*:example\\.org$
    aliases:
        - exclusive: false
          regex: ^#telegram_
url: http://localhost:29317/
sender_localpart: telegrambot
rate_limited: false
protocols: [telegram]
de.sorunome.msc2409.push_ephemeral: true
io.element.msc4190: true
`;

const read = (...files: string[]) =>
  readConfig({
    options: ['--server-name', 'example.org', '--app-services', files.join(', ')],
    environment: {},
  }).appServices;

let made = 0;
function fileWith(text: string): string {
  const file = join(tmpdir(), `farol-registration-${process.pid}-${made++}.yaml`);
  writeFileSync(file, text);
  onTestFinished(() => rmSync(file, { force: true }));
  return file;
}

const complaint = (...files: string[]): string => {
  try {
    read(...files);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error('nothing was wrong');
};

test('what Python escapes though it need not is read as it was meant', () => {
  // mautrix-python: re.escape(f'#{alias}:{domain}').
  const text = REGISTRATION.replace('^#telegram_', '\\#telegram_.*:my\\-host\\.org').replace(
    '^@telegram_.*:example\\.org$',
    '\\@tg\\_[a\\-z]+\\:example\\.org',
  );
  const { users, aliases } = read(fileWith(text))[0]!.namespaces;
  const [user, alias] = [users[0]!.regex, aliases[0]!.regex];
  expect(
    ['#telegram_x:my-host.org', '#telegram_x:my.host.org'].map((id) => alias.test(id)),
  ).toEqual([true, false]);
  expect(['@tg_a-z:example.org', '@tg_b:example.org'].map((id) => user.test(id))).toEqual([
    ...[true, false],
  ]);
});

test('registrations are read as bridges write them', () => {
  const [service] = read(fileWith(REGISTRATION));
  expect(service).toEqual({
    ...{ id: 'telegram', url: 'http://localhost:29317' },
    ...{ asToken: 'as-secret', hsToken: 'hs-secret', sender: '@telegrambot:example.org' },
    namespaces: {
      users: [{ isExclusive: true, regex: expect.any(RegExp) }],
      aliases: [{ isExclusive: false, regex: expect.any(RegExp) }],
      rooms: [],
    },
    ...{ isRateLimited: false, receivesEphemeral: true, protocols: ['telegram'] },
  });
  expect(ownsUser(service!, '@telegram_1:example.org' as never)).toBe(true);
  expect(ownsUser(service!, '@telegrambot:example.org' as never)).toBe(true);
  expect(ownsUser(service!, '@x_telegram_1:example.org' as never)).toBe(false);
});

test('one that says little has the limits of others, and is told nothing', () => {
  const file = fileWith('{id: a, as_token: b, hs_token: c, sender_localpart: d, url: null}');
  expect(read(file)).toMatchObject([
    {
      url: undefined,
      isRateLimited: true,
      receivesEphemeral: false,
      protocols: [],
      namespaces: { users: [] },
    },
  ]);
});

test('a namespace holds from the beginning of an id, and may leave its end open', () => {
  const regex = 'namespaces: {users: [{exclusive: true, regex: "@a|@b"}]}';
  const [service] = read(
    fileWith(`{id: a, as_token: b, hs_token: c, sender_localpart: d, ${regex}}`),
  );
  const isOwn = (id: string) => ownsUser(service!, id as never);
  expect(['@ax:y', '@bx:y', '@c@b:y'].map(isOwn)).toEqual([true, true, false]);
});

test.each([
  ['as_token: as-secret', '', 'as_token'],
  ['id: telegram', 'id: ""', 'id'],
  ['url: http://localhost:29317/', 'url: localhost', 'url'],
  ['telegrambot', 'Telegram Bot', 'sender_localpart'],
  ['^@telegram_', '(@telegram_', 'namespaces.users.0.regex'],
  ['exclusive: true', 'exclusive: perhaps', 'namespaces.users.0.exclusive'],
])('with %j as %j the start says in which file %s is wrong', (from, to, what) => {
  const file = fileWith(REGISTRATION.replace(from, to));
  const said = complaint(file);
  expect(said).toContain(file);
  expect(said).toContain(`is wrong: ${what}: `);
  expect(said).toContain('generate it anew with the bridge');
  expect(said).not.toContain('-secret');
});

test('a registration that is not there, or is no YAML, is named with who must do what', () => {
  expect(complaint('/nowhere/a.yaml')).toContain(
    'The registration /nowhere/a.yaml is not there: copy it from where the bridge wrote it',
  );
  expect(complaint(fileWith('a: [b'))).toContain('cannot be read (');
  expect(complaint(fileWith('just words'))).toContain('is none: ');
});

test('two registrations may not be mistaken for each other', () => {
  const [one, twice] = [fileWith(REGISTRATION), fileWith(REGISTRATION)];
  expect(complaint(one, twice)).toContain(`${one} and ${twice} have the same id`);
  const other = fileWith(REGISTRATION.replace('id: telegram', 'id: other'));
  expect(complaint(one, other)).toContain('the same as_token');
  const [ours, theirs] = ['one', 'two'].map((id) =>
    fileWith(
      REGISTRATION.replace('id: telegram', `id: ${id}`).replace(/as_token: .*/, `as_token: ${id}`),
    ),
  );
  expect(complaint(ours!, theirs!)).toContain('the same sender_localpart');
});
