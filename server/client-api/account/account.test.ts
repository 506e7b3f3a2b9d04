import { expect, test } from 'vitest';
import { type ApiServer, PASSWORD, startApi } from '../../../test/support/api-server.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { MembershipChange, RoomMembership } from '../../rooms/membership/membership.ts';

const password = (user: string, text = PASSWORD) => ({
  type: 'm.login.password',
  identifier: { type: 'm.id.user', user },
  password: text,
});

const logIn = (api: ApiServer, text: string) =>
  api.ask('POST /login', { body: { ...password('alice', text), device_id: 'NEW' } });

test('a new password needs the old one, and ends all other sessions unless told', async () => {
  await using api = await startApi();
  const token = await api.register('alice', 'PHONE');
  const laptop = (await logIn(api, PASSWORD)).body.access_token;
  const body = { new_password: 'another' };
  const unproved = await api.ask('POST /account/password', { token, body });
  expect(unproved).toMatchObject({
    status: 401,
    body: { flows: [{ stages: ['m.login.password'] }] },
  });

  const auth = password('alice');
  const changed = await api.ask('POST /account/password', { token, body: { ...body, auth } });
  expect(changed).toEqual({ status: 200, body: {} });
  expect((await api.ask('GET /account/whoami', { token })).status).toBe(200);
  expect((await api.ask('GET /account/whoami', { token: laptop })).status).toBe(401);
  expect((await logIn(api, PASSWORD)).status).toBe(403);
  expect((await logIn(api, 'another')).status).toBe(200);
});

test('the password of somebody else proves nothing', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  await api.register('bob');
  const body = { new_password: 'another', auth: password('bob') };
  const reply = await api.ask('POST /account/password', { token, body });
  expect([reply.status, reply.body.errcode]).toEqual([403, 'M_FORBIDDEN']);
});

test('sessions stay where the client says so', async () => {
  await using api = await startApi();
  const token = await api.register('alice', 'PHONE');
  const laptop = (await logIn(api, PASSWORD)).body.access_token;
  const body = { new_password: 'another', logout_devices: false, auth: password('alice') };
  await api.ask('POST /account/password', { token, body });
  expect((await api.ask('GET /account/whoami', { token: laptop })).status).toBe(200);
});

test('a deactivated account is out of its rooms and sessions, and its name is never free', async () => {
  const left: MembershipChange[] = [];
  const memberships = new Map<RoomId, RoomMembership>();
  for (const [name, membership] of [
    ['in', 'join'],
    ['asked', 'invite'],
    ['out', 'leave'],
  ] as const) {
    const roomId = `!${name}:example.org` as RoomId;
    const place = { position: 1, since: 1, forgotten: false };
    memberships.set(roomId, { roomId, membership, ...place });
  }
  await using api = await startApi({
    rooms: {
      roomsOf: async () => memberships,
      changeMembership: async (_roomId, change) => {
        left.push(change);
        return '$left' as never;
      },
    },
  });
  const token = await api.register('alice');
  const body = { auth: password('alice') };
  expect(await api.ask('POST /account/deactivate', { token, body })).toEqual({
    status: 200,
    body: { id_server_unbind_result: 'success' },
  });
  const alice = '@alice:example.org' as UserId;
  const leave = { sender: alice, target: alice, action: 'leave', isOfServer: true };
  expect(left).toEqual(Array(2).fill(leave));
  expect((await api.ask('GET /account/whoami', { token })).status).toBe(401);
  const again = await logIn(api, PASSWORD);
  expect([again.status, again.body.errcode]).toEqual([403, 'M_USER_DEACTIVATED']);
  const check = await api.ask('GET /register/available?username=alice');
  expect(check.body.errcode).toBe('M_USER_IN_USE');
});

test('a session of interactive auth is worth nothing at another operation or for another user', async () => {
  await using api = await startApi();
  const [alice, bob] = [await api.register('alice'), await api.register('bob')];
  const { session } = (await api.ask('POST /account/deactivate', { token: alice, body: {} })).body;
  const reply = await api.ask('POST /account/deactivate', {
    token: bob,
    body: { auth: { session } },
  });
  expect(reply.status).toBe(401);
  expect(reply.body.session).not.toBe(session);
});

test.each([
  [true, 404, 404],
  [false, 200, 200],
])(
  'with erase: %s what a user kept with us and told of themselves is answered %i',
  async (erase, data, told) => {
    await using api = await startApi();
    const token = await api.register('alice', 'PHONE');
    const bob = await api.register('bob', 'LAPTOP');
    const alice = '@alice:example.org' as UserId;
    const user = `/user/${alice}`;
    expect(await api.features.erasures.of([alice])).toEqual(new Map());
    await api.ask(`PUT ${user}/account_data/a.type`, { token, body: { kept: true } });
    await api.ask(`POST ${user}/filter`, { token, body: { event_fields: ['type'] } });
    await api.ask('PUT /profile/@alice:example.org/displayname', {
      token,
      body: { displayname: 'Al' },
    });
    await api.ask('PUT /user/@bob:example.org/account_data/a.type', { token: bob, body: {} });
    const body = { erase, auth: password('alice') };
    expect((await api.ask('POST /account/deactivate', { token, body })).status).toBe(200);

    const rows = async (sql: string) => (await api.fresh.database.query(sql, sql)).length;
    const left = data === 200 ? 1 : 0;
    expect(await rows("SELECT FROM account_data WHERE user_id LIKE '@alice%'")).toBe(left);
    expect(await rows("SELECT FROM account_data WHERE user_id LIKE '@bob%'")).toBe(1);
    expect(await rows('SELECT FROM filter')).toBe(left);
    const name = await api.ask('GET /profile/@alice:example.org/displayname');
    expect(name.status).toBe(told);
    const after = await api.features.erasures.of([alice, '@bob:example.org' as UserId]);
    expect([...after.keys()]).toEqual(erase ? [alice] : []);
  },
);
