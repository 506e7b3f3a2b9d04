import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PASSWORD } from '../../test/support/api-server.ts';
import { temporaryFolder } from '../../test/support/folder.ts';
import { raise } from '../../test/support/users-house.ts';
import { type AdminApi, Unanswered } from './admin-api.ts';
import { type KeptLogin, keptLogin } from './kept-login.ts';

const ADA = '@ada:example.org';

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
  expect(statSync(house.file).mode & 0o777).toBe(0o600);
  const token = house.keptToken();
  await house.farol('logout');
  expect((await house.api.ask('GET /account/whoami', { token })).status).toBe(401);
  await expect(house.farol('list')).rejects.toThrow('farol users login NAME');
  expect(await house.farol('logout')).toEqual([0, 'Nobody is logged in here.']);
});

test('a second login ends the session of the first, and one that is not kept ends with its command', async () => {
  await using house = await raise();
  await house.asAdministrator();
  const first = house.keptToken();
  const full: KeptLogin = {
    ...keptLogin({}, house.home),
    keep: () => {
      throw new Error('no space left on device');
    },
  };
  await house.farol('logout');
  const login = { types: PASSWORD };
  await expect(house.farol('login ada', { ...login, login: full })).rejects.toThrow('no space');
  await house.farol('login ada', login);
  const second = house.keptToken();
  await house.farol('login ada', login);
  const third = house.keptToken();
  expect(await Promise.all([first, second, third].map(house.isOpen))).toEqual([false, false, true]);
  expect(await house.devicesOf(third)).toBe(2);
});

test('a login that could be neither kept nor ended is told of', async () => {
  await using house = await raise();
  await house.api.register('ada', 'DESK', { admin: true });
  const api: AdminApi = {
    ...house.plain,
    ask: async (request, ...rest) => {
      if (!request.endsWith('/login')) throw new Unanswered('no answer came');
      return house.plain.ask(request, ...rest);
    },
  };
  const [status, said] = await house.farol('login ada', { types: PASSWORD, api });
  expect([status, said]).toEqual([4, expect.stringContaining('"farol users at north"')]);
  expect(existsSync(house.file)).toBe(false);
});

test('a script that logs out ends the session it brings, and leaves the one that is kept', async () => {
  await using house = await raise();
  await house.asAdministrator();
  const kept = house.keptToken();
  const brought = await house.api.register('eve', 'DESK', { admin: true });
  const environment = { FAROL_TOKEN: brought };
  expect((await house.farol('logout', { environment }))[1]).toContain('FAROL_TOKEN');
  expect(await Promise.all([brought, kept].map(house.isOpen))).toEqual([false, true]);
  expect((await house.farol('list'))[0]).toBe(0);
});

test.each(['', 'here'])('a token lies in the home, where XDG_CONFIG_HOME is "%s", too', (told) => {
  const home = temporaryFolder();
  keptLogin({ XDG_CONFIG_HOME: told }, home).keep({ userId: ADA, token: 'kept' });
  expect(existsSync(join(home, '.config/farol/login.json'))).toBe(true);
});
