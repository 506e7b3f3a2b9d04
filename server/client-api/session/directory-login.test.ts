import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type ApiServer, PASSWORD, startApi } from '../../../test/support/api-server.ts';
import { certificateAuthority } from '../../../test/support/certificates.ts';
import { temporaryFolder } from '../../../test/support/folder.ts';
import { person, SLAPD_IS_HERE, startSlapd } from '../../../test/support/slapd.ts';
import type { UserId } from '../../protocol/identifiers.ts';

/** With a real OpenLDAP server. */
const directed = test.skipIf(!SLAPD_IS_HERE);

const ALICE = person('alice', 'wonder', ['cn: Alice Liddell', 'mail: Alice@Example.org']);
const alice = '@alice:example.org' as UserId;

directed(
  'who is in the directory logs in with its password, and has an account from then on',
  async () => {
    await using slapd = await startSlapd(temporaryFolder(), [ALICE]);
    await using api = await startApi({ ldap: slapd.settings });
    const first = await logIn(api, 'Alice', 'wonder');
    expect([first.status, first.body.user_id]).toEqual([200, alice]);
    const { access_token: token } = first.body;
    expect((await api.ask('GET /profile/@alice:example.org')).body.displayname).toBe(
      'Alice Liddell',
    );
    expect((await api.ask('GET /account/3pid', { token })).body.threepids).toMatchObject([
      { medium: 'email', address: 'alice@example.org' },
    ]);
    expect((await logIn(api, 'alice', 'wonder')).status).toBe(200);
    expect((await byAddress(api, 'alice@example.org', 'wonder')).body.user_id).toBe(alice);
  },
);

directed('two first logins at once come to one account', async () => {
  await using slapd = await startSlapd(temporaryFolder(), [ALICE]);
  await using api = await startApi({ ldap: slapd.settings });
  const both = await Promise.all([logIn(api, 'alice', 'wonder'), logIn(api, 'alice', 'wonder')]);
  expect(both.map(({ body }) => body.user_id)).toEqual([alice, alice]);
});

directed.each([
  ['a wrong password', 'alice', 'blunder'],
  ['an empty password', 'alice', ''],
  ['somebody whom nobody knows', 'bob', 'wonder'],
  ['somebody without a password', 'carol', 'x'],
  ['an empty password of whoever has none', 'carol', ''],
  ['a filter as a name', 'al*', 'wonder'],
  ['a filter with brackets', 'x)(|(uid=alice)', 'wonder'],
  ['a DN as a name', 'uid=alice', 'wonder'],
  ['another spelling of the directory', 'alice ', 'wonder'],
  ['somebody whom the operator has not let in', 'dave', 'wonder'],
])('the directory lets nobody in with %s', async (_what, name, password) => {
  const people = [ALICE, person('carol', undefined), person('dave', 'wonder', ['title: guest'])];
  await using slapd = await startSlapd(temporaryFolder(), people);
  const filter = '(!(title=guest))';
  await using api = await startApi({ ldap: { ...slapd.settings, filter } });
  const { status, body } = await logIn(api, name, password);
  expect([status, body.errcode]).toEqual([403, 'M_FORBIDDEN']);
  const accounts = await api.fresh.database.query('accounts', 'SELECT user_id FROM account');
  expect(accounts).toEqual([]);
});

directed('a directory that is away is no wrong password, and holds up nobody else', async () => {
  await using slapd = await startSlapd(temporaryFolder(), [ALICE]);
  const told: unknown[] = [];
  const rates = { login: { perSecond: 0.001, burst: 12 } };
  await using api = await startApi({
    ...{ ldap: slapd.settings, rates, onError: (error: unknown) => told.push(error) },
  });
  await api.register('root');
  const { access_token: token } = (await logIn(api, 'alice', 'wonder')).body;
  await slapd.kill();
  const away = await logIn(api, 'alice', 'wonder');
  expect([away.status, away.body.errcode, away.body.retry_after_ms]).toEqual([
    ...[503, 'M_UNKNOWN', 10_000],
  ]);
  expect(String(told[0])).toContain('the operator should look');
  expect((await api.ask('GET /account/whoami', { token })).body.user_id).toBe(alice);
  expect((await logIn(api, 'root', PASSWORD)).status).toBe(200);
  expect(
    (await api.ask('DELETE /devices/X', { token, body: { auth: proof('wonder') } })).status,
  ).toBe(503);
  const failed = await api.fresh.database.query('failed', 'SELECT who FROM failed_password');
  expect(failed).toEqual([]);
  await slapd.start();
  expect((await logIn(api, 'alice', 'wonder')).status).toBe(200);
});

directed(
  'who is asked for their password again gives that of the directory, and changes it there',
  async () => {
    await using slapd = await startSlapd(temporaryFolder(), [ALICE]);
    await using api = await startApi({ ldap: slapd.settings });
    const { access_token: token, device_id } = (await logIn(api, 'alice', 'wonder')).body;
    const { capabilities } = (await api.ask('GET /capabilities', { token })).body;
    expect(capabilities['m.change_password']).toEqual({ enabled: false });
    const remove = (password: string) =>
      api.ask('DELETE /devices/OTHER', { token, body: { auth: proof(password) } });
    expect((await remove('blunder')).body.errcode).toBe('M_FORBIDDEN');
    expect((await remove('')).body.errcode).toBe('M_FORBIDDEN');
    expect((await remove('wonder')).status).toBe(200);
    const body = { new_password: 'mine', auth: proof('wonder') };
    expect((await api.ask('POST /account/password', { token, body })).status).toBe(403);
    expect((await logIn(api, 'alice', 'mine')).status).toBe(403);
    expect(device_id).toBeTypeOf('string');
  },
);

directed(
  'an account that was made here is nobody else’s, whoever is called so in the directory',
  async () => {
    await using slapd = await startSlapd(temporaryFolder(), [ALICE]);
    await using api = await startApi({ ldap: slapd.settings });
    const token = await api.register('alice');
    expect((await logIn(api, 'alice', 'wonder')).status).toBe(403);
    expect((await logIn(api, 'alice', PASSWORD)).status).toBe(200);
    const { capabilities } = (await api.ask('GET /capabilities', { token })).body;
    expect(capabilities['m.change_password']).toEqual({ enabled: true });
  },
);

directed('nobody registers under the name of somebody in the directory', async () => {
  await using slapd = await startSlapd(temporaryFolder(), [ALICE]);
  await using api = await startApi({ ldap: slapd.settings });
  const auth = { type: 'm.login.dummy' };
  const register = (username: string) =>
    api.ask('POST /register', { body: { username, password: 'x', auth } });
  expect((await register('ALICE')).body.errcode).toBe('M_USER_IN_USE');
  expect((await api.ask('GET /register/available?username=alice')).body.errcode).toBe(
    'M_USER_IN_USE',
  );
  expect((await register('bob')).status).toBe(200);
});

directed(
  'who was locked out or deactivated here stays so, whatever the directory says',
  async () => {
    await using slapd = await startSlapd(temporaryFolder(), [ALICE]);
    await using api = await startApi({ ldap: slapd.settings });
    const root = await api.register('root', 'DESK', { admin: true });
    const { access_token: token } = (await logIn(api, 'alice', 'wonder')).body;
    const lock = (locked: boolean) =>
      api.ask(`PUT /_matrix/client/v1/admin/lock/${alice}`, { token: root, body: { locked } });
    await lock(true);
    const { access_token: locked } = (await logIn(api, 'alice', 'wonder')).body;
    for (const each of [token, locked].filter((each) => each !== undefined))
      expect((await api.ask('GET /account/3pid', { token: each })).body.errcode).toBe(
        'M_USER_LOCKED',
      );
    await lock(false);
    const body = { auth: proof('wonder') };
    expect((await api.ask('POST /account/deactivate', { token, body })).status).toBe(200);
    for (const password of ['wonder', 'blunder'])
      expect((await logIn(api, 'alice', password)).body.errcode).toBe('M_USER_DEACTIVATED');
  },
);

directed('passwords go to the directory only where nobody can read them', async () => {
  const [folder, authority] = [temporaryFolder(), await certificateAuthority(temporaryFolder())];
  const issued = await authority.issue('slapd', { ip: ['127.0.0.1'] });
  const ca = readFileSync(authority.ca, 'utf8');
  await using slapd = await startSlapd(folder, [ALICE], { tls: { ca, ...issued } });
  const status = async (changed: object) => {
    await using api = await startApi({
      ldap: { ...slapd.settings, ...changed },
      onError: () => {},
    });
    return (await logIn(api, 'alice', 'wonder')).status;
  };
  expect(await status({})).toBe(200);
  expect(await status({ ca: undefined })).toBe(503);
  await using open = await startSlapd(temporaryFolder(), [ALICE]);
  expect(await status({ urls: open.settings.urls })).toBe(503);
  await using hidden = await startSlapd(temporaryFolder(), [ALICE], {
    ...{ tls: { ca, ...issued }, scheme: 'ldaps' },
  });
  expect(await status({ urls: hidden.settings.urls })).toBe(200);
  expect(await status({ urls: [...open.settings.urls, ...slapd.settings.urls] })).toBe(200);
});

directed('a directory that says nothing is not waited for without end', async () => {
  await using slapd = await startSlapd(temporaryFolder(), [ALICE]);
  await using api = await startApi({
    ...{ ldap: { ...slapd.settings, stepMsMax: 100 }, onError: () => {} },
  });
  await api.register('root');
  slapd.freeze();
  const asked = Array.from({ length: 10 }, () => logIn(api, 'alice', 'wonder'));
  expect((await logIn(api, 'root', PASSWORD)).status).toBe(200);
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(Array(10).fill(503));
});

directed('where two are called the same nobody is let in', async () => {
  const twin = ALICE.replace('dn: uid=alice', 'dn: cn=Alice Liddell');
  await using slapd = await startSlapd(temporaryFolder(), [ALICE, twin]);
  await using api = await startApi({ ldap: slapd.settings, onError: () => {} });
  expect((await logIn(api, 'alice', 'wonder')).status).toBe(503);
});

const proof = (password: string) => ({ type: 'm.login.password', user: 'alice', password });

const logIn = (api: ApiServer, user: string, password: string) =>
  api.ask('POST /login', {
    body: { type: 'm.login.password', identifier: { type: 'm.id.user', user }, password },
  });

const byAddress = (api: ApiServer, address: string, password: string) =>
  api.ask('POST /login', {
    body: {
      ...{ type: 'm.login.password', password },
      identifier: { type: 'm.id.thirdparty', medium: 'email', address },
    },
  });
