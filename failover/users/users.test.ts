import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type ApiOptions, PASSWORD, startApi } from '../../test/support/api-server.ts';
import { USER_ACTIONS } from '../cli/commands.ts';
import { ACTIONS } from './actions.ts';
import { type AdminApi, adminApiBehind, Refused } from './admin-api.ts';
import { keptLogin } from './kept-login.ts';
import { type Asked, users } from './users.ts';

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

test('who asks is logged in as an administrator, for nobody else to read, until they log out', async () => {
  await using house = await raise();
  await expect(house.farol('list')).rejects.toThrow('farol users login NAME');
  await house.api.register('bob', 'PHONE');
  await house.api.register('ada', 'DESK', { admin: true });
  expect((await house.farol('login bob', { types: PASSWORD }))[0]).toBe(3);
  await expect(house.farol('list')).rejects.toThrow('farol users login NAME');
  expect((await house.farol('login ada', { types: 'wrong' }))[0]).toBe(3);

  const [, told] = await house.farol('login ada', { types: PASSWORD, json: true });
  expect(JSON.parse(told)).not.toHaveProperty('access_token');
  const file = join(house.home, '.config/farol/login.json');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const { token } = JSON.parse(readFileSync(file, 'utf8'));
  await house.farol('logout');
  expect((await house.api.ask('GET /account/whoami', { token })).status).toBe(401);
  await expect(house.farol('list')).rejects.toThrow('farol users login NAME');
  expect(await house.farol('logout')).toEqual([0, 'Nobody is logged in here.']);
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

test('that nobody leads now has a status of its own', async () => {
  await using house = await raise();
  await house.asAdministrator();
  const away: AdminApi = {
    ask: () => Promise.reject(new Refused(503, { errcode: 'M_UNKNOWN' })),
    close: async () => undefined,
  };
  expect((await house.farol('list', { api: away }))[0]).toBe(4);
});

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

interface Typed extends Partial<Omit<Asked, 'words'>> {
  readonly types?: string;
  readonly confirmed?: string | null;
  readonly environment?: NodeJS.ProcessEnv;
  readonly api?: AdminApi;
}

/** A whole server, and the command beside it. */
async function raise(options: ApiOptions = {}) {
  const api = await startApi(options);
  const home = mkdtempSync(join(tmpdir(), 'farol-users-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const plain = adminApiBehind({ origin: api.origin, host: 'example.org', connect: NO_TLS });
  const farol = async (words: string, typed: Typed = {}): Promise<[number, string]> => {
    const { types, confirmed = null, environment = {}, ...asked } = typed;
    const said: string[] = [];
    const status = await users(
      {
        ...{ words: words.split(' '), admin: false, erase: false, json: false },
        ...{ limit: undefined, ...asked },
      },
      {
        ...{ api: typed.api ?? plain, serverName: 'example.org', host: 'north' },
        sharedSecret: options.registrationSecret,
        login: keptLogin(environment, home),
        askPassword: async () => types!,
        confirm: async () => confirmed,
        print: (text) => void said.push(text),
      },
    );
    return [status, said.join('\n')];
  };
  return {
    ...{ api, home, farol },
    async asAdministrator() {
      await api.register('ada', 'DESK', { admin: true });
      await farol('login ada', { types: PASSWORD });
    },
    async logIn(user: string, password: string) {
      const body = { type: 'm.login.password', user, password };
      return (await api.ask('POST /login', { body })).status;
    },
    async [Symbol.asyncDispose]() {
      await plain.close();
      await api[Symbol.asyncDispose]();
    },
  };
}

const NO_TLS = { allowPartialTrustChain: true } as const;
