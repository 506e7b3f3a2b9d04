import { expect, test } from 'vitest';
import { PASSWORD } from '../../test/support/api-server.ts';
import { raise } from '../../test/support/users-house.ts';
import { USER_ACTIONS } from '../cli/commands.ts';
import { ACTIONS } from './actions.ts';
import { type AdminApi, Refused, Unanswered } from './admin-api.ts';

const ADA = '@ada:example.org';
const BOB = '@bob:example.org';

test('the first administrator is made by the secret of the server, and makes others who may log in', async () => {
  await using house = await raise({ registrationSecret: 'known to operators' });
  const { farol } = house;
  expect(await farol('create ada', { admin: true, types: 'a long password' })).toEqual([
    0,
    `${ADA} has an account now, and is an administrator.`,
  ]);
  await farol('login ada', { types: 'a long password' });
  expect(await farol('create bob', { types: PASSWORD })).toEqual([0, `${BOB} has an account now.`]);
  expect(await house.logIn('bob', PASSWORD)).toBe(200);
  expect(await farol('list')).toEqual([0, `${ADA}  (administrator)\n${BOB}`]);
  expect(await farol('list', { admin: true })).toEqual([0, `${ADA}  (administrator)`]);
  expect(await farol('list bo')).toEqual([0, BOB]);
});

test('an account that is there is not made again, by either way, and keeps its password', async () => {
  await using house = await raise({ registrationSecret: 'known to operators' });
  await house.api.register('bob', 'PHONE');
  const [byName, said] = await house.farol('create bob', { types: 'another password' });
  expect([byName, said]).toEqual([3, expect.stringContaining('M_USER_IN_USE')]);
  await house.asAdministrator();
  expect(await house.farol('create bob', { types: 'another password' })).toEqual([
    3,
    `${BOB} has an account (M_USER_IN_USE)`,
  ]);
  expect(await house.logIn('bob', PASSWORD)).toBe(200);
});

test('a name of another server, or half a one, makes nobody and is nobody: it is said, and no password is asked for', async () => {
  await using house = await raise({ registrationSecret: 'known to operators' });
  const other = ['@ada', '@ada:typo.example', 'ada:typo.example', '@:example.org', '@', 'ada:'];
  const refused = async (words: string) =>
    expect(house.farol(words, { admin: true })).rejects.toThrow('is no name at this server');
  for (const name of other) await refused(`create ${name}`);
  await house.asAdministrator();
  for (const name of other) await refused(`create ${name}`);
  await refused('deactivate @ada:typo.example');
  await refused('login @ada');
  expect((await house.farol('list'))[1]).toBe(`${ADA}  (administrator)`);
});

test('who was made is told as the server answers, which folds what was typed', async () => {
  await using house = await raise({ registrationSecret: 'known to operators' });
  expect(await house.farol('create Ada', { admin: true, types: PASSWORD })).toEqual([
    ...[0, `${ADA} has an account now, and is an administrator.`],
  ]);
  await house.farol('login ada', { types: PASSWORD });
  expect(await house.farol(`create ${BOB}`, { types: PASSWORD })).toEqual([
    ...[0, `${BOB} has an account now.`],
  ]);
  expect(await house.logIn('bob', PASSWORD)).toBe(200);
});

test('the secret of the server is read where it is needed, and nowhere else', async () => {
  await using house = await raise();
  const sharedSecret = () => expect.unreachable();
  await house.asAdministrator();
  await house.farol('list', { sharedSecret });
  await house.farol('create bob', { sharedSecret, types: PASSWORD });
});

test('another password logs out everywhere, and is the only one that opens', async () => {
  await using house = await raise();
  const bob = await house.api.register('bob', 'PHONE');
  await house.asAdministrator();
  const [status] = await house.farol('password bob', { types: 'another password' });
  expect(status).toBe(0);
  expect((await house.api.ask('GET /account/whoami', { token: bob })).status).toBe(401);
  expect([
    await house.logIn('bob', PASSWORD),
    await house.logIn('bob', 'another password'),
  ]).toEqual([403, 200]);
  await expect(house.farol('password bob', { types: '' })).rejects.toThrow('nothing was done');
});

test('what an account may do is switched on and off', async () => {
  await using house = await raise();
  await house.api.register('bob', 'PHONE');
  await house.asAdministrator();
  for (const [action, state] of [
    ['admin', 'administrator'],
    ['lock', 'locked'],
    ['suspend', 'suspended'],
  ]) {
    await house.farol(`${action} bob on`);
    expect(await house.farol('list bob')).toEqual([0, `${BOB}  (${state})`]);
    await house.farol(`${action} bob off`);
    expect(await house.farol('list bob')).toEqual([0, BOB]);
    await expect(house.farol(`${action} bob`)).rejects.toThrow('on or off');
  }
  expect(await house.farol('lock nobody on')).toEqual([3, expect.stringContaining('NOT_FOUND')]);
  expect(await house.farol('list nobody')).toEqual([0, 'Nobody has such an account.']);
  expect((await house.farol('admin ada off'))[0]).toBe(3);
  expect((await house.farol('deactivate ada', { confirmed: ADA }))[0]).toBe(3);
});

test('an account is closed for good once its name was typed, and stays as it is otherwise', async () => {
  await using house = await raise();
  await house.api.register('bob', 'PHONE');
  await house.asAdministrator();
  for (const confirmed of [null, 'bob'])
    await expect(house.farol('deactivate bob', { confirmed })).rejects.toThrow(`--confirm ${BOB}`);
  expect(await house.logIn('bob', PASSWORD)).toBe(200);
  expect(await house.farol('deactivate bob', { confirmed: BOB })).toEqual([
    0,
    `The account of ${BOB} is closed.`,
  ]);
  expect(await house.logIn('bob', PASSWORD)).toBe(403);
  const [, told] = await house.farol('show bob', { json: true });
  expect(JSON.parse(told)).toMatchObject({ name: BOB, deactivated: true, erased: false });
  await house.farol('deactivate bob', { confirmed: BOB, erase: true });
  expect(await house.farol('list bob')).toEqual([0, `${BOB}  (closed, erased)`]);
});

test('with what `invite` prints one account is made where accounts need a token', async () => {
  await using house = await raise({ registration: 'token' });
  await house.asAdministrator();
  const [, token] = await house.farol('invite');
  const made = (username: string) =>
    house.api.ask('POST /register', {
      body: {
        ...{ username, password: PASSWORD },
        auth: { type: 'm.login.registration_token', token },
      },
    });
  expect((await made('bob')).body).toMatchObject({ user_id: BOB });
  expect((await made('eve')).status).toBe(401);
});

test('a script brings its token, and reads what was refused and why', async () => {
  await using house = await raise();
  const token = await house.api.register('ada', 'DESK', { admin: true });
  const bob = await house.api.register('bob', 'PHONE');
  const as = (FAROL_TOKEN: string) => ({ json: true, environment: { FAROL_TOKEN } });
  const [status, told] = await house.farol('list', as(token));
  expect([status, JSON.parse(told)]).toMatchObject([0, { total: 2 }]);
  const [refused, why] = await house.farol('list', as(bob));
  expect([refused, JSON.parse(why)]).toMatchObject([3, { errcode: 'M_FORBIDDEN' }]);
  const [, gone] = await house.farol('list', as('ended'));
  expect(JSON.parse(gone)).toMatchObject({ errcode: 'M_UNKNOWN_TOKEN' });
  const [, said] = await house.farol('list', { environment: { FAROL_TOKEN: 'ended' } });
  expect(said).toContain('farol users login NAME');
});

test('what is not done, or not known, has a status of its own, and whoever would ask again is to look before', async () => {
  await using house = await raise();
  await house.asAdministrator();
  const failing = (error: Error): AdminApi => ({
    ask: () => Promise.reject(error),
    close: async () => undefined,
  });
  const setAside = failing(new Refused(503, { errcode: 'M_UNKNOWN', error: 'No site can' }));
  const silent = failing(new Unanswered('no answer came'));
  const busy = failing(new Refused(429, { errcode: 'M_LIMIT_EXCEEDED', error: 'Too many' }));
  const look = expect.stringContaining('look before you ask again');
  for (const api of [setAside, silent]) {
    expect(await house.farol('invite', { api })).toEqual([4, look]);
    expect(await house.farol('list', { api })).toEqual([4, expect.not.stringContaining('look')]);
  }
  expect(await house.farol('invite', { api: busy })).toEqual([4, 'Too many (M_LIMIT_EXCEEDED)']);
  const [status, told] = await house.farol('invite', { api: silent, json: true });
  expect([status, JSON.parse(told)]).toEqual([
    ...[4, { errcode: 'M_UNKNOWN', error: 'no answer came' }],
  ]);
  const unreached = failing(new Error('connect ECONNREFUSED'));
  await expect(house.farol('invite', { api: unreached })).rejects.toThrow('ECONNREFUSED');
});

test.each(['password ada secret', 'create ada admin', 'lock bob on now', 'invite bob', 'list a b'])(
  'words that would be passed over are refused: %s',
  async (words) => {
    await using house = await raise();
    await house.asAdministrator();
    const asked = { api: { ...house.plain, ask: () => expect.unreachable() } };
    await expect(house.farol(words, asked)).rejects.toThrow('too many words');
  },
);

test('a word that is no action, a missing name and a limit that is none are said, and nothing is asked', async () => {
  await using house = await raise();
  await house.asAdministrator();
  await expect(house.farol('destroy bob')).rejects.toThrow('farol users destroy');
  await expect(house.farol('toString bob')).rejects.toThrow('farol users toString');
  await expect(house.farol('show')).rejects.toThrow('whose account');
  await expect(house.farol('list', { limit: 'all' })).rejects.toThrow('--limit');
});

test('of many accounts as many are listed as was asked for, and how many more there are', async () => {
  await using house = await raise();
  await house.asAdministrator();
  await house.api.register('bob', 'PHONE');
  const [, said] = await house.farol('list', { limit: '1' });
  expect(said).toMatch(/^@ada:example.org {2}\(administrator\)\nand 1 more: /);
});

test('every action that is shown by the command is there, and no other', () => {
  expect([...Object.keys(ACTIONS), 'login', 'logout'].sort()).toEqual([...USER_ACTIONS].sort());
});
