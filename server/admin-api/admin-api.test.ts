import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { type ApiServer, PASSWORD, type Reply, startApi } from '../../test/support/api-server.ts';
import { freshDatabase } from '../../test/support/postgres.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { adminApi } from './endpoints.ts';

const BOB = '@bob:example.org';
const NEW = '@new:example.org';
const AT = '/_synapse/admin';
const errorOf = ({ status, body }: Reply) => [status, body.errcode];

interface House {
  readonly api: ApiServer;
  readonly bob: string;
  readonly rootToken: string;
  root(request: string, body?: unknown): Promise<Reply>;
}

/** An administrator, and bob. */
async function house(api: ApiServer): Promise<House> {
  const rootToken = await api.register('root', 'DESK', { admin: true });
  const bob = await api.register('bob', 'PHONE');
  const root = (request: string, body?: unknown) => {
    const [method, path] = request.split(' ');
    return api.ask(`${method} ${AT}${path}`, { token: rootToken, body });
  };
  return { api, bob, rootToken, root };
}

/** The number of a report of something that was just said. */
async function reportOf(api: ApiServer, { roomId, token }: { roomId: string; token: string }) {
  const body = { msgtype: 'm.text', body: 'rude' };
  const said = await api.ask(`PUT /rooms/${roomId}/send/m.room.message/r`, { token, body });
  const at = `POST /rooms/${roomId}/report/${said.body.event_id}`;
  await api.ask(at, { token, body: { reason: '' } });
  const listed = await api.ask(`GET ${AT}/v1/event_reports`, { token });
  return listed.body.event_reports[0].id as number;
}

const login = (api: ApiServer, user: string, password = PASSWORD) =>
  api.ask('POST /login', { body: { type: 'm.login.password', user, password } });

test('accounts are listed page by page, by what is looked for, in the order that is asked for', async () => {
  await using api = await startApi();
  const { root, bob } = await house(api);
  await api.ask(`PUT /profile/${BOB}/displayname`, { token: bob, body: { displayname: 'Zé' } });
  const first = (await root('GET /v2/users?limit=1')).body;
  expect(first).toMatchObject({ total: 2, next_token: '1', users: [{ name: BOB }] });
  const second = (await root('GET /v2/users?limit=1&from=1')).body;
  expect(second.users).toMatchObject([{ name: '@root:example.org', admin: true }]);
  expect(second).not.toHaveProperty('next_token');
  const found = (await root('GET /v2/users?name=z%C3%A9')).body;
  expect(found.users).toMatchObject([{ name: BOB, displayname: 'Zé', deactivated: false }]);
  const descending = (await root('GET /v2/users?order_by=name&dir=b')).body.users;
  expect(descending.map(({ name }: { name: string }) => name)).toEqual(['@root:example.org', BOB]);
});

test('the addresses of an account are told, stay when they are sent back, go when they are not, and are not made', async () => {
  await using fresh = await freshDatabase();
  await using api = await startApi({ fresh });
  const { root } = await house(api);
  await fresh.database.query(
    'addresses',
    `INSERT INTO third_party_id (medium, address, user_id, validated_ms, added_ms)
     VALUES ('email', 'bob@example.org', $1, 1, 2), ('email', 'b@example.org', $1, 3, 4)`,
    [BOB],
  );
  const email = (address: string) => ({ medium: 'email', address });
  const first = { ...email('bob@example.org'), validated_at: 1, added_at: 2 };
  const second = { ...email('b@example.org'), validated_at: 3, added_at: 4 };
  const told = async () => (await root(`GET /v2/users/${BOB}`)).body.threepids;
  expect(await told()).toEqual([first, second]);
  const put = (body: object) => root(`PUT /v2/users/${BOB}`, body);
  expect((await put({ displayname: 'B', threepids: [first, second] })).status).toBe(200);
  expect((await put({ displayname: 'Bob' })).status).toBe(200);
  for (const wrong of [email('new@example.org'), { ...first, medium: 'msisdn' }])
    expect(errorOf(await put({ threepids: [first, wrong] }))).toEqual([400, 'M_INVALID_PARAM']);
  expect(await told()).toEqual([first, second]);
  expect((await put({ threepids: [email('Bob@Example.ORG')] })).body.threepids).toEqual([first]);
  const made = { password: 'first', threepids: [email('bob@example.org')] };
  expect(errorOf(await root(`PUT /v2/users/${NEW}`, made))).toEqual([400, 'M_INVALID_PARAM']);
  expect((await root(`GET /v2/users/${NEW}`)).status).toBe(404);
});

test('what was reported is listed, looked at in its place, and taken off the list', async () => {
  await using api = await startApi();
  const { root, bob, rootToken } = await house(api);
  const room = { preset: 'private_chat', name: 'Cellar' };
  const roomId = (await api.ask('POST /createRoom', { token: bob, body: room })).body.room_id;
  const say = async (n: number) => {
    const body = { msgtype: 'm.text', body: `${n}` };
    const said = await api.ask(`PUT /rooms/${roomId}/send/m.room.message/${n}`, {
      token: bob,
      body,
    });
    return said.body.event_id as string;
  };
  const [before, first, second, after] = [await say(0), await say(1), await say(2), await say(3)];
  for (const eventId of [first, second]) {
    const at = `POST /rooms/${roomId}/report/${eventId}`;
    await api.ask(at, { token: bob, body: { reason: 'rude', score: -100 } });
  }
  await api.ask('POST /users/@root:example.org/report', { token: bob, body: { reason: 'asleep' } });
  const oldest = (await root('GET /v1/event_reports?dir=f&limit=1')).body;
  const told = {
    ...{ room_id: roomId, name: 'Cellar', canonical_alias: null, reason: 'rude', score: null },
    ...{ user_id: BOB, sender: BOB, received_ts: api.clock.ms },
  };
  expect(oldest).toMatchObject({ total: 2, next_token: 1 });
  expect(oldest.event_reports).toEqual([{ id: expect.any(Number), event_id: first, ...told }]);
  const rest = (await root('GET /v1/event_reports?dir=f&from=1')).body;
  expect(rest.event_reports).toEqual([{ id: expect.any(Number), event_id: second, ...told }]);
  expect(rest).not.toHaveProperty('next_token');
  const newest = (await root(`GET /v1/event_reports?user_id=${BOB}&room_id=${roomId}`)).body;
  expect(newest.event_reports[0].event_id).toBe(second);
  const others = await root(`GET /v1/event_reports?event_sender_user_id=${NEW}`);
  expect(others.body).toEqual({ event_reports: [], total: 0 });
  const around = (await root(`GET /v1/rooms/${roomId}/context/${first}?limit=2`)).body;
  expect(around.event).toMatchObject({ event_id: first, content: { body: '1' } });
  expect(around.events_before.map((each: { event_id: string }) => each.event_id)).toEqual([before]);
  expect(around.events_after.map((each: { event_id: string }) => each.event_id)).toEqual([second]);
  expect(JSON.stringify(around)).not.toContain(after);
  const at = `/v1/event_reports/${oldest.event_reports[0].id}`;
  expect((await root(`GET ${at}`)).body).toMatchObject({ ...told, event_json: around.event });
  expect((await root(`DELETE ${at}`)).body).toEqual({});
  expect((await root('GET /v1/event_reports')).body.total).toBe(1);
  const audit = await api.ask('GET /_farol/admin/v1/audit', { token: rootToken });
  expect(audit.body.orders[0]).toMatchObject({
    ...{ action: 'adminDeleteEventReport', target: `${oldest.event_reports[0].id}` },
  });
  for (const wrong of [`GET ${at}`, `DELETE ${at}`, `GET /v1/rooms/${roomId}/context/$nobodys`])
    expect(errorOf(await root(wrong))).toEqual([404, 'M_NOT_FOUND']);
  expect(errorOf(await root('GET /v1/event_reports/x'))).toEqual([400, 'M_INVALID_PARAM']);
});

test('an account is made, changed and closed by one call', async () => {
  await using api = await startApi();
  const { root } = await house(api);
  const made = await root(`PUT /v2/users/${NEW}`, { password: 'first', displayname: 'New' });
  expect(made).toMatchObject({
    status: 201,
    body: { name: NEW, displayname: 'New', admin: false },
  });
  expect((await login(api, 'new', 'first')).status).toBe(200);
  const changed = await root(`PUT /v2/users/${NEW}`, { password: 'second', admin: true });
  expect(changed).toMatchObject({ status: 200, body: { admin: true } });
  expect((await login(api, 'new', 'first')).status).toBe(403);
  expect((await login(api, 'new', 'second')).status).toBe(200);
  const closed = await root(`PUT /v2/users/${NEW}`, { deactivated: true });
  expect(closed).toMatchObject({ status: 200, body: { deactivated: true } });
  expect(errorOf(await login(api, 'new', 'second'))).toEqual([403, 'M_USER_DEACTIVATED']);
  expect(errorOf(await root(`PUT /v2/users/${NEW}`, { deactivated: false }))).toEqual([
    ...[400, 'M_INVALID_PARAM'],
  ]);
});

test('whoever is no longer an administrator may no more, at once', async () => {
  await using api = await startApi();
  const { root, rootToken } = await house(api);
  await root(`PUT /v1/users/${BOB}/admin`, { admin: true });
  expect((await root(`GET /v1/users/${BOB}/admin`)).body).toEqual({ admin: true });
  const token = (await login(api, 'bob')).body.access_token;
  expect((await api.ask(`GET ${AT}/v2/users`, { token })).status).toBe(200);
  await api.ask(`PUT ${AT}/v1/users/@root:example.org/admin`, { token, body: { admin: false } });
  const after = await api.ask(`GET ${AT}/v2/users`, { token: rootToken });
  expect(errorOf(after)).toEqual([403, 'M_FORBIDDEN']);
});

test('a password is reset, and all devices go unless they are to stay', async () => {
  await using api = await startApi();
  const { root, bob } = await house(api);
  const at = `POST /v1/reset_password/${BOB}`;
  await root(at, { new_password: 'new', logout_devices: false });
  expect((await api.ask('GET /account/whoami', { token: bob })).status).toBe(200);
  await root(at, { new_password: 'newer' });
  expect((await api.ask('GET /account/whoami', { token: bob })).status).toBe(401);
  expect((await login(api, 'bob', 'newer')).status).toBe(200);
});

test('an account is deactivated, and leaves its rooms', async () => {
  await using api = await startApi();
  const { root, bob } = await house(api);
  const { room_id } = (await api.ask('POST /createRoom', { token: bob, body: {} })).body;
  expect((await root(`GET /v1/users/${BOB}/joined_rooms`)).body).toEqual({
    joined_rooms: [room_id],
    total: 1,
  });
  expect((await root(`POST /v1/deactivate/${BOB}`, { erase: true })).body).toEqual({
    id_server_unbind_result: 'success',
  });
  expect((await root(`GET /v2/users/${BOB}`)).body).toMatchObject({
    ...{ deactivated: true, erased: true },
  });
  expect((await root(`GET /v1/users/${BOB}/joined_rooms`)).body.total).toBe(0);
});

test('devices are seen, named and taken away', async () => {
  await using api = await startApi();
  const { root, bob } = await house(api);
  const at = `/v2/users/${BOB}/devices`;
  expect((await root(`GET ${at}`)).body).toMatchObject({
    devices: [{ device_id: 'PHONE', user_id: BOB }],
    total: 1,
  });
  await root(`PUT ${at}/PHONE`, { display_name: 'Lost' });
  expect((await root(`GET ${at}/PHONE`)).body.display_name).toBe('Lost');
  expect((await root(`DELETE ${at}/PHONE`)).body).toEqual({});
  expect((await api.ask('GET /account/whoami', { token: bob })).status).toBe(401);
  await login(api, 'bob');
  const [{ device_id }] = (await root(`GET ${at}`)).body.devices;
  await root(`POST /v2/users/${BOB}/delete_devices`, { devices: [device_id] });
  expect((await root(`GET ${at}`)).body.total).toBe(0);
});

test('registration tokens are made, changed and taken away', async () => {
  await using api = await startApi({ registration: 'token' });
  const { root } = await house(api);
  const at = '/v1/registration_tokens';
  const made = (await root(`POST ${at}/new`, { token: 'welcome', uses_allowed: 1 })).body;
  const told = { token: 'welcome', pending: 0, completed: 0, expiry_time: null };
  expect(made).toEqual({ ...told, uses_allowed: 1 });
  expect(errorOf(await root(`POST ${at}/new`, { token: 'welcome' }))).toEqual([
    ...[400, 'M_INVALID_PARAM'],
  ]);
  expect((await root(`POST ${at}/new`, { length: 7 })).body.token).toHaveLength(7);
  const auth = { type: 'm.login.registration_token', token: 'welcome' };
  const register = (username: string) =>
    api.ask('POST /register', { body: { username, password: 'x', auth } });
  expect((await register('carol')).status).toBe(200);
  expect((await register('dan')).status).toBe(401);
  expect((await root(`GET ${at}?valid=false`)).body.registration_tokens).toEqual([
    { ...told, uses_allowed: 1, completed: 1 },
  ]);
  expect((await root(`PUT ${at}/welcome`, { uses_allowed: null })).body.uses_allowed).toBeNull();
  expect((await register('dan')).status).toBe(200);
  expect((await root(`DELETE ${at}/welcome`)).body).toEqual({});
  for (const request of ['GET', 'DELETE'])
    expect(errorOf(await root(`${request} ${at}/welcome`))).toEqual([404, 'M_NOT_FOUND']);
});

const proved = async (api: ApiServer, more: object = {}, secret = 'hush') => {
  const { nonce } = (await api.ask(`GET ${AT}/v1/register`)).body;
  const wish = { nonce, username: 'first', password: 'pass', admin: true, ...more };
  const parts = [wish.nonce, wish.username, wish.password, wish.admin ? 'admin' : 'notadmin'];
  const mac = createHmac('sha1', secret).update(parts.join('\0')).digest('hex');
  return { ...wish, mac };
};

const bySecret = (api: ApiServer, body: object) => api.ask(`POST ${AT}/v1/register`, { body });

test('whoever knows the shared secret makes the first administrator, also where registration is closed', async () => {
  await using api = await startApi({ registrationSecret: 'hush', registration: 'closed' });
  const body = await proved(api, { displayname: 'First' });
  const made = await bySecret(api, body);
  expect(made.body).toMatchObject({ user_id: '@first:example.org', home_server: 'example.org' });
  const token = made.body.access_token;
  const own = (await api.ask(`GET ${AT}/v2/users/@first:example.org`, { token })).body;
  expect(own).toMatchObject({ admin: true, displayname: 'First' });
  expect(errorOf(await bySecret(api, body))).toEqual([400, 'M_USER_IN_USE']);
});

test('whoever did not hear that the administrator was made is told the same, and all of it is so', async () => {
  await using api = await startApi({ registrationSecret: 'hush', behindFront: true });
  const body = await proved(api, { displayname: 'First' });
  const headers = { 'x-farol-request-id': 'the-same-request' };
  const ask = () => api.ask(`POST ${AT}/v1/register`, { body, headers });
  const commits: string[][] = [];
  api.writer.onCommitted((records) => commits.push(records.map(({ record }) => record.kind)));
  const first = await ask();
  expect(first.body.home_server).toBe('example.org');
  expect(await ask()).toEqual(first);
  // A server that ends right behind its commit leaves nothing to be done.
  const ofAccount = commits.filter((kinds) => kinds.includes('logins'));
  expect(ofAccount).toEqual([expect.arrayContaining(['profile'])]);
});

test('nobody else makes one', async () => {
  await using api = await startApi({ registrationSecret: 'hush' });
  const wrong = await bySecret(api, await proved(api, {}, 'guess'));
  expect(errorOf(wrong)).toEqual([403, 'M_FORBIDDEN']);
  const raised = await bySecret(api, { ...(await proved(api, { admin: false })), admin: true });
  expect(errorOf(raised)).toEqual([403, 'M_FORBIDDEN']);
  const made = await bySecret(api, await proved(api, { nonce: 'made-up' }));
  expect(errorOf(made)).toEqual([400, 'M_INVALID_PARAM']);
  const old = await proved(api);
  api.clock.ms += 60_000;
  expect(errorOf(await bySecret(api, old))).toEqual([400, 'M_INVALID_PARAM']);
  await using closed = await startApi();
  expect(errorOf(await closed.ask(`GET ${AT}/v1/register`))).toEqual([400, 'M_UNKNOWN']);
  expect(errorOf(await bySecret(closed, await proved(api)))).toEqual([400, 'M_UNKNOWN']);
});

test('nothing of it is for others, and none of it is there where the operator left it out', async () => {
  await using api = await startApi();
  const { bob } = await house(api);
  const ofAdmins = adminApi.filter(({ auth }) => auth === 'admin');
  expect(adminApi.filter(({ auth }) => auth !== 'admin').map((each) => each.operation)).toEqual([
    ...['adminGetNonce', 'adminRegister', 'adminGetServerVersion'],
  ]);
  for (const { routes } of ofAdmins) {
    const named = routes[0]!.replace('{userId}', BOB).replace(/\{roomId\w*\}/, '!x:example.org');
    const request = named.replaceAll(/\{\w+\}/g, 'x');
    expect(errorOf(await api.ask(request, { token: bob }))).toEqual([403, 'M_FORBIDDEN']);
  }
  await using without = await startApi({ adminApi: false });
  const reply = await without.ask(`GET ${AT}/v1/server_version`);
  expect(errorOf(reply)).toEqual([404, 'M_UNRECOGNIZED']);
});

test('every order is written down, without passwords and what lets people register, before it is carried out', async () => {
  const notices = { displayName: 'N', roomName: 'N', autoJoin: false };
  const serverNotices = { ...notices, userId: '@notices:example.org' as UserId };
  await using api = await startApi({ serverNotices });
  const { root, rootToken } = await house(api);
  const at = '/v1/registration_tokens';
  const devices = `/v2/users/${BOB}/devices`;
  const preset = 'public_chat';
  const { room_id } = (await api.ask('POST /createRoom', { token: rootToken, body: { preset } }))
    .body;
  const orders: readonly (readonly [string, object?])[] = [
    [`DELETE /v1/event_reports/${await reportOf(api, { roomId: room_id, token: rootToken })}`],
    [`POST /v1/join/${room_id}`, { user_id: BOB }],
    [`POST /v1/rooms/${room_id}/make_room_admin`, {}],
    [`POST /v1/user/${BOB}/redact`, { rooms: [] }],
    [`PUT /v1/rooms/${room_id}/block`, { block: false }],
    [`POST /v1/users/${BOB}/override_ratelimit`, { messages_per_second: 5 }],
    [`DELETE /v1/users/${BOB}/override_ratelimit`],
    [`PUT /v2/users/${NEW}`, { password: 'secret-1' }],
    [`PUT /v1/users/${BOB}/admin`, { admin: false }],
    [`PUT /v1/suspend/${BOB}`, { suspend: true }],
    [`POST /v1/reset_password/${BOB}`, { new_password: 'secret-2', logout_devices: false }],
    [`PUT ${devices}/PHONE`, { display_name: 'x' }],
    [`DELETE ${devices}/PHONE`],
    [`POST /v2/users/${BOB}/delete_devices`, { devices: ['PHONE'] }],
    [`POST ${at}/new`, { token: 'welcome' }],
    [`PUT ${at}/welcome`, { uses_allowed: 3 }],
    [`DELETE ${at}/welcome`],
    [`POST /v1/purge_history/${room_id}`, { purge_up_to_ts: 1 }],
    [`DELETE /v2/rooms/${room_id}`, { purge: false }],
    ['DELETE /v1/rooms/!none:example.org', { new_room_user_id: '@root:example.org' }],
    ['POST /v1/send_server_notice', { user_id: BOB, content: {} }],
    ['PUT /v1/send_server_notice/t', { user_id: BOB, content: {} }],
    [`POST /v1/media/quarantine/example.org/abc`],
    [`POST /v1/media/unquarantine/example.org/abc`],
    [`POST /v1/media/protect/abc`],
    [`POST /v1/media/unprotect/abc`],
    [`POST /v1/user/${BOB}/media/quarantine`],
    [`POST /v1/room/${room_id}/media/quarantine`],
    [`POST /v1/media/delete?before_ts=${api.clock.ms}`],
    [`POST /v1/purge_media_cache?before_ts=${api.clock.ms}`],
    [`DELETE /v1/media/example.org/${await uploaded(api, rootToken)}`],
    [`DELETE /v1/users/${BOB}/media`],
    [`POST /v1/deactivate/${BOB}`, {}],
  ];
  for (const [request, body] of orders)
    expect((await root(request, body)).status).toBeLessThan(300);
  const audit = await api.ask('GET /_farol/admin/v1/audit', { token: rootToken });
  // Which take another server, or one that federates: destinations.test.ts and signing-key-change.test.ts have them.
  const isElsewhere = (operation: string) =>
    operation === 'adminResetConnection' || operation === 'adminChangeSigningKey';
  const changing = adminApi.filter(
    ({ auth, operation, routes }) =>
      auth === 'admin' && !isElsewhere(operation) && !routes[0]!.startsWith('GET'),
  );
  const seen = audit.body.orders.map(({ action }: { action: string }) => action);
  expect(seen.sort()).toEqual(changing.map(({ operation }) => operation).sort());
  expect(JSON.stringify(audit.body)).not.toMatch(/secret-|welcome/);
  expect(audit.body.orders.map(({ target }: { target: string }) => target)).toContain('w…');
  expect(audit.body.orders[0]).toMatchObject({ by: '@root:example.org', at_ts: api.clock.ms });
});

test('an order that is refused at once is written down nowhere', async () => {
  await using api = await startApi();
  const { root, rootToken } = await house(api);
  const orders: readonly (readonly [request: string, status: number, body?: object])[] = [
    ['DELETE /v1/registration_tokens/none', 404],
    ['PUT /v1/registration_tokens/none', 404, { uses_allowed: 3 }],
    ['DELETE /v1/event_reports/7', 404],
    [`PUT /v2/users/${NEW}`, 400, {}],
    ['PUT /v1/suspend/@nobody:example.org', 404, { suspend: true }],
    ['PUT /v1/suspend/@root:example.org', 403, { suspend: true }],
    [`PUT /v2/users/${BOB}/devices/NONE`, 404, { display_name: 'x' }],
  ];
  for (const [request, status, body] of orders)
    expect([request, (await root(request, body)).status]).toEqual([request, status]);
  for (const which of ['suspend', 'lock']) {
    const path = `PUT /_matrix/client/v1/admin/${which}/@nobody:example.org`;
    const body = { [`${which === 'lock' ? 'lock' : 'suspend'}ed`]: true };
    expect((await api.ask(path, { token: rootToken, body })).status).toBe(404);
  }
  const audit = await api.ask('GET /_farol/admin/v1/audit', { token: rootToken });
  expect(audit.body.orders).toEqual([]);
});

async function uploaded(api: ApiServer, token: string): Promise<string> {
  const { body } = await api.ask('POST /_matrix/media/v3/upload', { token, body: {} });
  return body.content_uri.split('/').at(-1);
}

test('nobody comes into a blocked room, whoever is in it stays, and it need not be here', async () => {
  await using fresh = await freshDatabase();
  let [room_id, bob, carol, rootToken] = ['', '', '', ''];
  const block = (api: ApiServer, roomId: string, block: boolean) =>
    api.ask(`PUT ${AT}/v1/rooms/${roomId}/block`, { token: rootToken, body: { block } });
  const told = async (api: ApiServer, roomId: string) =>
    (await api.ask(`GET ${AT}/v1/rooms/${roomId}/block`, { token: rootToken })).body;
  {
    await using api = await startApi({ fresh });
    ({ bob, rootToken } = await house(api));
    carol = await api.register('carol');
    const body = { preset: 'public_chat' };
    room_id = (await api.ask('POST /createRoom', { token: bob, body })).body.room_id;
    expect(await told(api, room_id)).toEqual({ block: false });
    expect((await block(api, room_id, true)).body).toEqual({ block: true });
    expect((await block(api, '!elsewhere:example.org', true)).status).toBe(200);
  }
  await using api = await startApi({ fresh });
  for (const roomId of [room_id, '!elsewhere:example.org'])
    expect(await told(api, roomId)).toEqual({ block: true, user_id: '@root:example.org' });
  const user_id = '@carol:example.org';
  const refused = [
    await api.ask(`POST /rooms/${room_id}/join`, { token: carol }),
    await api.ask(`POST /join/!elsewhere:example.org`, { token: carol }),
    await api.ask(`POST /rooms/${room_id}/invite`, { token: bob, body: { user_id } }),
    await api.ask(`PUT /rooms/${room_id}/state/m.room.member/${user_id}`, {
      ...{ token: carol, body: { membership: 'join' } },
    }),
  ];
  expect(refused.map(errorOf)).toEqual(Array(4).fill([403, 'M_FORBIDDEN']));
  const displayname = 'still here';
  await api.ask(`PUT /profile/${BOB}/displayname`, { token: bob, body: { displayname } });
  const at = `GET /rooms/${room_id}/state/m.room.member/${BOB}`;
  await expect
    .poll(async () => (await api.ask(at, { token: bob })).body.displayname)
    .toBe(displayname);
  await block(api, room_id, false);
  expect((await api.ask(`POST /rooms/${room_id}/join`, { token: carol })).status).toBe(200);
});

test('an administrator reads what was said in a room, also where they are not, in pages, and nothing that was erased', async () => {
  await using api = await startApi();
  const { root, bob } = await house(api);
  const { room_id } = (await api.ask('POST /createRoom', { token: bob, body: {} })).body;
  for (const body of ['one', 'two', 'three'])
    await api.ask(`PUT /rooms/${room_id}/send/m.room.message/${body}`, {
      ...{ token: bob, body: { msgtype: 'm.text', body } },
    });
  const at = `GET /v1/rooms/${room_id}/messages`;
  const said = ({ body }: Reply) =>
    body.chunk.map((event: { content: { body?: string } }) => event.content.body);
  const last = await root(`${at}?dir=b&limit=2`);
  expect(said(last)).toEqual(['three', 'two']);
  const before = await root(`${at}?dir=b&limit=1&from=${last.body.end}`);
  expect(said(before)).toEqual(['one']);
  expect((await root(at)).body.chunk[0]).toMatchObject({ type: 'm.room.create', room_id });
  const filter = encodeURIComponent(JSON.stringify({ types: ['m.room.message'] }));
  expect(said(await root(`${at}?filter=${filter}`))).toEqual(['one', 'two', 'three']);
  await root(`POST /v1/deactivate/${BOB}`, { erase: true });
  expect(said(await root(`${at}?filter=${filter}`))).toEqual([undefined, undefined, undefined]);
  expect(errorOf(await root('GET /v1/rooms/!none:example.org/messages'))).toEqual([
    ...[404, 'M_NOT_FOUND'],
  ]);
});

test('where somebody’s devices were used is told to administrators, at the address of before too', async () => {
  await using api = await startApi();
  const { root, rootToken } = await house(api);
  const now = await api.ask(`GET /admin/whois/${BOB}`, { token: rootToken });
  expect(await root(`GET /v1/whois/${BOB}`)).toEqual(now);
  expect(now.body.devices).toHaveProperty('PHONE');
  expect(errorOf(await root('GET /v1/whois/@nobody:example.org'))).toEqual([404, 'M_NOT_FOUND']);
});

test('how fast a user may write is said for them alone, holds at once, and at the next writer', async () => {
  await using fresh = await freshDatabase();
  const rates = { write: { perSecond: 0.0001, burst: 10 } };
  const at = `/v1/users/${BOB}/override_ratelimit`;
  let token = '';
  const waits = async (api: ApiServer, times: number) => {
    const statuses = [];
    for (let n = 0; n < times; n += 1) {
      const asked = { token, body: { displayname: `${n}` } };
      statuses.push((await api.ask(`PUT /profile/${BOB}/displayname`, asked)).status);
    }
    return statuses;
  };
  {
    await using api = await startApi({ fresh, rates });
    const { root, bob } = await house(api);
    token = bob;
    expect((await root(`GET ${at}`)).body).toEqual({});
    expect(await waits(api, 11)).toEqual([...Array(10).fill(200), 429]);
    expect((await root(`POST ${at}`, {})).body).toEqual({
      ...{ messages_per_second: 0, burst_count: 0 },
    });
    expect(await waits(api, 12)).toEqual(Array(12).fill(200));
  }
  await using api = await startApi({ fresh, rates });
  expect(await waits(api, 12)).toEqual(Array(12).fill(200));
  const rootToken = (await login(api, 'root')).body.access_token;
  const root = (request: string) => {
    const [method, path] = request.split(' ');
    return api.ask(`${method} ${AT}${path}`, { token: rootToken });
  };
  expect((await root(`GET ${at}`)).body).toEqual({ messages_per_second: 0, burst_count: 0 });
  expect((await root(`DELETE ${at}`)).body).toEqual({});
  expect((await root(`GET ${at}`)).body).toEqual({});
  expect(await waits(api, 11)).toEqual([...Array(10).fill(200), 429]);
});

const say = (api: ApiServer, token: string, roomId: string, body: string) =>
  api.ask(`PUT /rooms/${roomId}/send/m.room.message/${body}`, {
    ...{ token, body: { msgtype: 'm.text', body } },
  });

/** What is left of all that was said in the room, in order. */
async function leftIn(root: House['root'], roomId: string): Promise<(string | undefined)[]> {
  const filter = encodeURIComponent(JSON.stringify({ types: ['m.room.message'] }));
  const { chunk } = (await root(`GET /v1/rooms/${roomId}/messages?filter=${filter}&limit=100`))
    .body;
  return chunk.map((event: { content: { body?: string } }) => event.content.body);
}

const redacted = async (root: House['root'], id: string) => {
  const told = async () => (await root(`GET /v1/user/redact_status/${id}`)).body;
  await expect.poll(async () => (await told()).status).not.toBe('active');
  return told();
};

test('what somebody said is redacted in all their rooms, with the names of their joins, and nothing else is', async () => {
  await using api = await startApi();
  const { root, bob, rootToken } = await house(api);
  const make = async (token: string) =>
    (await api.ask('POST /createRoom', { token, body: { preset: 'public_chat', topic: 'Cats' } }))
      .body.room_id as string;
  const [own, foreign, left] = [await make(bob), await make(rootToken), await make(rootToken)];
  for (const roomId of [foreign, left]) await api.ask(`POST /join/${roomId}`, { token: bob });
  for (const roomId of [own, foreign, left])
    for (const body of ['one', 'two']) await say(api, bob, roomId, body);
  await say(api, rootToken, foreign, 'three');
  await api.ask(`POST /rooms/${left}/leave`, { token: bob });

  const order = { rooms: [], reason: 'spam' };
  const { redact_id } = (await root(`POST /v1/user/${BOB}/redact`, order)).body;
  const { status, failed_redactions } = await redacted(root, redact_id);
  expect(status).toBe('complete');
  // Who is no longer in a room can say nothing more there, not even that.
  expect(Object.keys(failed_redactions)).toHaveLength(3);
  expect(await leftIn(root, own)).toEqual([undefined, undefined]);
  expect(await leftIn(root, foreign)).toEqual([undefined, undefined, 'three']);
  expect(await leftIn(root, left)).toEqual(['one', 'two']);
  const topic = await api.ask(`GET /rooms/${own}/state/m.room.topic`, { token: bob });
  expect(topic.body.topic).toBe('Cats');
  const join = await api.ask(`GET /rooms/${foreign}/state/m.room.member/${BOB}`, { token: bob });
  expect(join.body).toEqual({ membership: 'join' });

  const byAdmin = { rooms: [left], use_admin: true };
  const again = (await root(`POST /v1/user/${BOB}/redact`, byAdmin)).body.redact_id;
  expect(await redacted(root, again)).toEqual({ status: 'complete', failed_redactions: {} });
  expect(await leftIn(root, left)).toEqual([undefined, undefined]);
  expect(errorOf(await root('GET /v1/user/redact_status/none'))).toEqual([404, 'M_NOT_FOUND']);
});

test('an order that a writer left undone is done by the next one, and so many of the newest are looked at as were asked for', async () => {
  await using fresh = await freshDatabase();
  let [room_id, token] = ['', ''];
  {
    await using api = await startApi({ fresh });
    const { bob, rootToken } = await house(api);
    token = rootToken;
    room_id = (await api.ask('POST /createRoom', { token: bob, body: {} })).body.room_id;
    const said: string[] = [];
    for (const body of ['one', 'two', 'three'])
      said.push((await say(api, bob, room_id, body)).body.event_id);
    // So far that writer came, in their name: its redaction is the newest of their events.
    const redact = `PUT /rooms/${room_id}/redact/${said.at(-1)}/t`;
    expect((await api.ask(redact, { token: bob, body: {} })).status).toBe(200);
  }
  const asked = { rooms: [room_id], reason: null, limit: 2, useAdmin: false };
  await fresh.database.query(
    'left',
    `INSERT INTO long_order (order_id, kind, target, by, asked, told, status)
     VALUES ('left', 'redact-user', $1, '@root:example.org', $2, '{}', 'active')`,
    [BOB, JSON.stringify(asked)],
  );
  await using api = await startApi({ fresh });
  const root: House['root'] = (request) => {
    const [method, path] = request.split(' ');
    return api.ask(`${method} ${AT}${path}`, { token });
  };
  expect(await redacted(root, 'left')).toEqual({ status: 'complete', failed_redactions: {} });
  expect(await leftIn(root, room_id)).toEqual(['one', undefined, undefined]);
});

test('rooms are listed in the order that is asked for, and one is told with its state and members', async () => {
  await using api = await startApi();
  const { root, bob } = await house(api);
  const make = async (name: string, preset = 'private_chat') =>
    (await api.ask('POST /createRoom', { token: bob, body: { name, preset } })).body.room_id;
  const [zoo, alps] = [await make('Zoo', 'public_chat'), await make('Alps')];
  await root(`POST /v1/join/${zoo}`, { user_id: '@root:example.org' });
  const ids = async (query: string) =>
    (await root(`GET /v1/rooms${query}`)).body.rooms.map(
      (each: { room_id: string }) => each.room_id,
    );
  expect(await ids('')).toEqual([alps, zoo]);
  expect(await ids('?dir=b')).toEqual([zoo, alps]);
  expect(await ids('?order_by=joined_members')).toEqual([zoo, alps]);
  expect(await ids('?search_term=alp')).toEqual([alps]);
  expect((await root('GET /v1/rooms?limit=1')).body).toMatchObject({
    total_rooms: 2,
    next_batch: 1,
  });
  const details = (await root(`GET /v1/rooms/${zoo}`)).body;
  expect(details).toMatchObject({ name: 'Zoo', joined_members: 2, public: true, creator: BOB });
  expect((await root(`GET /v1/rooms/${zoo}/members`)).body).toEqual({
    members: expect.arrayContaining([BOB, '@root:example.org']),
    total: 2,
  });
  const { state } = (await root(`GET /v1/rooms/${alps}/state`)).body;
  expect(state.map(({ type }: { type: string }) => type)).toContain('m.room.create');
  expect(errorOf(await root('GET /v1/rooms/!none:example.org'))).toEqual([404, 'M_NOT_FOUND']);
});

test.each(['10', '12'])(
  'somebody of this server is given power in a room of version %s, and comes into it',
  async (room_version) => {
    await using api = await startApi();
    const { root, bob, rootToken } = await house(api);
    const carol = await api.register('carol');
    const { room_id } = (await api.ask('POST /createRoom', { token: bob, body: { room_version } }))
      .body;
    const at = `POST /v1/rooms/${room_id}/make_room_admin`;
    expect((await root(at, { user_id: '@carol:example.org' })).body).toEqual({});
    expect((await api.ask(`POST /rooms/${room_id}/join`, { token: carol })).status).toBe(200);
    const levels = await api.ask(`GET /rooms/${room_id}/state/m.room.power_levels`, {
      token: carol,
    });
    expect(levels.body.users['@carol:example.org']).toBe(100);
    expect((await root(at)).body).toEqual({});
    const joined = await api.ask(`POST /rooms/${room_id}/join`, { token: rootToken });
    expect(joined.status).toBe(200);
  },
);

test('power counts that the levels of an old room write as a string', async () => {
  await using api = await startApi();
  const { root, bob } = await house(api);
  const body = { room_version: '9' };
  const { room_id } = (await api.ask('POST /createRoom', { token: bob, body })).body;
  const at = `/rooms/${room_id}/state/m.room.power_levels`;
  const levels = { users: { [BOB]: '100' } };
  expect((await api.ask(`PUT ${at}`, { token: bob, body: levels })).status).toBe(200);
  expect((await root(`POST /v1/rooms/${room_id}/make_room_admin`)).body).toEqual({});
  const after = (await api.ask(`GET ${at}`, { token: bob })).body;
  expect(after.users).toEqual({ [BOB]: '100', '@root:example.org': 100 });
});

test('where nobody of this server may give power, none is given', async () => {
  await using api = await startApi();
  const { root, bob } = await house(api);
  const { room_id } = (await api.ask('POST /createRoom', { token: bob, body: {} })).body;
  await api.ask(`POST /rooms/${room_id}/leave`, { token: bob });
  const reply = await root(`POST /v1/rooms/${room_id}/make_room_admin`);
  expect(errorOf(reply)).toEqual([400, 'M_UNKNOWN']);
});

test('a user is brought into a room: an open one, and one that the administrator may invite to', async () => {
  await using api = await startApi();
  const { root, bob, rootToken } = await house(api);
  const make = async (token: string, preset: string) =>
    (await api.ask('POST /createRoom', { token, body: { preset } })).body.room_id;
  const own = await make(rootToken, 'private_chat');
  const open = await make(rootToken, 'public_chat');
  for (const room_id of [own, open])
    expect((await root(`POST /v1/join/${room_id}`, { user_id: BOB })).body).toEqual({ room_id });
  const { joined_rooms } = (await api.ask('GET /joined_rooms', { token: bob })).body;
  expect(joined_rooms.sort()).toEqual([own, open].sort());
  const foreign = await make(bob, 'private_chat');
  const refused = await root(`POST /v1/join/${foreign}`, { user_id: '@root:example.org' });
  expect(errorOf(refused)).toEqual([403, 'M_FORBIDDEN']);
});

test.each<[string, string, object | undefined, number, string]>([
  ['a foreign user', 'GET /v2/users/@x:other.org', undefined, 400, 'M_INVALID_PARAM'],
  ['nobody', 'GET /v2/users/@nobody:example.org', undefined, 404, 'M_NOT_FOUND'],
  ['an account without a password', `PUT /v2/users/${NEW}`, {}, 400, 'M_INVALID_PARAM'],
  ['an external id', `PUT /v2/users/${BOB}`, { external_ids: [{}] }, 400, 'M_INVALID_PARAM'],
  [
    'an end of oneself',
    'PUT /v2/users/@root:example.org',
    { deactivated: true },
    403,
    'M_FORBIDDEN',
  ],
  [
    'an end of oneself by its own way',
    'POST /v1/deactivate/@root:example.org',
    {},
    403,
    'M_FORBIDDEN',
  ],
  ['an order of nothing', 'GET /v2/users?order_by=shoe_size', undefined, 400, 'M_INVALID_PARAM'],
  [
    'a name that is taken',
    'GET /v1/username_available?username=bob',
    undefined,
    400,
    'M_USER_IN_USE',
  ],
])('%s is refused', async (_what, request, body, status, errcode) => {
  await using api = await startApi();
  const { root } = await house(api);
  expect(errorOf(await root(request, body))).toEqual([status, errcode]);
});
