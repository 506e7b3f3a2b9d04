import { expect, test } from 'vitest';
import {
  type ApiServer,
  PASSWORD,
  type Reply,
  startApi,
} from '../../../test/support/api-server.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { notKept } from '../../log/outcomes.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../../storage/database.ts';

const BOB = '@bob:example.org';
const errorOf = ({ status, body }: Reply) => [status, body.errcode];

async function adminAndBob(api: ApiServer) {
  return [await api.register('root', 'DESK', { admin: true }), await api.register('bob')] as const;
}

const put = (api: ApiServer, token: string, what: 'suspend' | 'lock', yes: boolean, userId = BOB) =>
  api.ask(`PUT /_matrix/client/v1/admin/${what}/${userId}`, {
    token,
    body: what === 'suspend' ? { suspended: yes } : { locked: yes },
  });
const get = (api: ApiServer, token: string, what: 'suspend' | 'lock', userId = BOB) =>
  api.ask(`GET /_matrix/client/v1/admin/${what}/${userId}`, { token });

test('a suspended user reads, leaves and logs out, and does nothing that others see', async () => {
  await using api = await startApi();
  const [root, bob] = await adminAndBob(api);
  const { room_id } = (await api.ask('POST /createRoom', { token: bob, body: {} })).body;
  expect((await put(api, root, 'suspend', true)).body).toEqual({ suspended: true });
  expect((await get(api, root, 'suspend')).body).toEqual({ suspended: true });
  const refused = await Promise.all([
    api.ask(`PUT /rooms/${room_id}/send/m.room.message/1`, { token: bob, body: { body: 'x' } }),
    api.ask(`PUT /rooms/${room_id}/state/m.room.topic`, { token: bob, body: { topic: 'x' } }),
    api.ask('POST /createRoom', { token: bob, body: {} }),
    api.ask(`POST /rooms/${room_id}/invite`, {
      token: bob,
      body: { user_id: '@root:example.org' },
    }),
    api.ask(`PUT /profile/${BOB}/displayname`, { token: bob, body: { displayname: 'x' } }),
  ]);
  expect(refused.map(errorOf)).toEqual(Array(5).fill([403, 'M_USER_SUSPENDED']));
  expect((await api.ask('GET /sync', { token: bob })).status).toBe(200);
  expect((await api.ask(`POST /rooms/${room_id}/leave`, { token: bob })).status).toBe(200);
  expect((await put(api, root, 'suspend', false)).body).toEqual({ suspended: false });
  expect((await api.ask('POST /createRoom', { token: bob, body: {} })).status).toBe(200);
});

test('a locked user may log out, and else is told that they are locked, on all devices and at logins', async () => {
  await using api = await startApi();
  const [root, bob] = await adminAndBob(api);
  const session = { type: 'm.login.password', user: 'bob', password: PASSWORD };
  const other = (await api.ask('POST /login', { body: session })).body.access_token;
  await put(api, root, 'lock', true);
  for (const token of [bob, other]) {
    const reply = await api.ask('GET /account/whoami', { token });
    expect([...errorOf(reply), reply.body.soft_logout]).toEqual([401, 'M_USER_LOCKED', true]);
  }
  expect(errorOf(await api.ask('POST /login', { body: session }))).toEqual([401, 'M_USER_LOCKED']);
  expect((await api.ask('POST /logout', { token: other })).status).toBe(200);
  await put(api, root, 'lock', false);
  expect((await api.ask('GET /account/whoami', { token: bob })).status).toBe(200);
});

const BY_PASSWORD = { type: 'm.login.password', user: 'bob', password: PASSWORD };

/** Each way to come by a new access token: what is needed of it before, and then the request. */
const WAYS_IN: Readonly<
  Record<string, (api: ApiServer, token: string) => Promise<() => Promise<Reply>>>
> = {
  'a password': async (api) => () => api.ask('POST /login', { body: BY_PASSWORD }),
  'a login token': async (api, token) => {
    const get = 'POST /_matrix/client/v1/login/get_token';
    const made = await api.ask(get, { token, body: { auth: BY_PASSWORD } });
    const body = { type: 'm.login.token', token: made.body.login_token };
    return () => api.ask('POST /login', { body });
  },
  'a refresh token': async (api) => {
    const wish = { ...BY_PASSWORD, refresh_token: true };
    const { refresh_token } = (await api.ask('POST /login', { body: wish })).body;
    return () => api.ask('POST /refresh', { body: { refresh_token } });
  },
};

test.each(Object.entries(WAYS_IN))(
  'by %s who is suspended gets in, and who is locked does not until they are let in again',
  async (_way, comeBy) => {
    await using api = await startApi();
    const [root, bob] = await adminAndBob(api);
    const getIn = await comeBy(api, bob);
    await put(api, root, 'lock', true);
    const refused = await getIn();
    expect([...errorOf(refused), refused.body.soft_logout]).toEqual([401, 'M_USER_LOCKED', true]);
    await put(api, root, 'lock', false);
    await put(api, root, 'suspend', true);
    const { status, body } = await getIn();
    expect(status).toBe(200);
    expect((await api.ask('GET /account/whoami', { token: body.access_token })).status).toBe(200);
  },
);

test.each([
  ['a password', 403, 'M_USER_DEACTIVATED'],
  ['a login token', 403, 'M_FORBIDDEN'],
  ['a refresh token', 401, 'M_UNKNOWN_TOKEN'],
])('by %s nobody gets into an account that was closed', async (way, status, errcode) => {
  await using api = await startApi();
  const bob = await api.register('bob');
  const getIn = await WAYS_IN[way]!(api, bob);
  await api.ask('POST /account/deactivate', { token: bob, body: { auth: BY_PASSWORD } });
  expect(errorOf(await getIn())).toEqual([status, errcode]);
});

test('a lock that comes while a password is compared holds for that login, too', async () => {
  let meanwhile = async () => {};
  await using api = await startApi({
    reads: (database) => ({
      async query<R extends object>(...asked: Parameters<Database['query']>) {
        const rows = await database.query<R>(...asked);
        const deed = asked[0] === 'account_of' ? meanwhile : undefined;
        if (deed) meanwhile = async () => {};
        await deed?.();
        return rows;
      },
    }),
  });
  await adminAndBob(api);
  const by = '@root:example.org' as UserId;
  const lock = { userId: BOB as UserId, which: 'locked', holds: true } as const;
  meanwhile = async () => void (await api.features.moderation.set(by, lock, notKept));
  const reply = await api.ask('POST /login', { body: BY_PASSWORD });
  expect(errorOf(reply)).toEqual([401, 'M_USER_LOCKED']);
});

test('to another service nobody proves who they are while they are locked', async () => {
  await using api = await startApi();
  const [root, bob] = await adminAndBob(api);
  const made = await api.ask(`POST /user/${BOB}/openid/request_token`, { token: bob, body: {} });
  const info = `GET /_matrix/federation/v1/openid/userinfo?access_token=${made.body.access_token}`;
  expect((await api.ask(info)).body).toEqual({ sub: BOB });
  await put(api, root, 'lock', true);
  expect(errorOf(await api.ask(info))).toEqual([401, 'M_UNKNOWN_TOKEN']);
});

test('a lock holds at the next writer, too', async () => {
  await using fresh = await freshDatabase();
  let bob: string;
  {
    await using api = await startApi({ fresh });
    const [root, token] = await adminAndBob(api);
    bob = token;
    await put(api, root, 'lock', true);
  }
  await using next = await startApi({ fresh });
  expect(errorOf(await next.ask('GET /sync', { token: bob }))).toEqual([401, 'M_USER_LOCKED']);
});

test('only administrators do so, and nobody else learns who has an account', async () => {
  await using api = await startApi();
  const [root, bob] = await adminAndBob(api);
  for (const userId of [BOB, '@nobody:example.org', '@x:other.org'])
    for (const reply of [
      await get(api, bob, 'lock', userId),
      await put(api, bob, 'suspend', true, userId),
    ])
      expect(errorOf(reply)).toEqual([403, 'M_FORBIDDEN']);
  await api.register('second', undefined, { admin: true });
  const seen = ['@nobody:example.org', '@x:other.org', '@root:example.org', '@second:example.org'];
  const replies = [];
  for (const userId of seen) replies.push(errorOf(await put(api, root, 'lock', true, userId)));
  expect(replies).toEqual([
    [404, 'M_NOT_FOUND'],
    [400, 'M_INVALID_PARAM'],
    [403, 'M_FORBIDDEN'],
    [403, 'M_FORBIDDEN'],
  ]);
});

test('administrators are told that they can, and others nothing of it', async () => {
  await using api = await startApi();
  const [root, bob] = await adminAndBob(api);
  const told = async (token: string) => (await api.ask('GET /capabilities', { token })).body;
  expect((await told(root)).capabilities['m.account_moderation']).toEqual({
    suspend: true,
    lock: true,
  });
  expect((await told(bob)).capabilities).not.toHaveProperty('m.account_moderation');
});

test('what administrators order is kept, with who, what and when', async () => {
  await using api = await startApi();
  const [root] = await adminAndBob(api);
  await put(api, root, 'suspend', true);
  await put(api, root, 'lock', true);
  const orders = await api.features.audit.before(Number.MAX_SAFE_INTEGER, 10);
  const common = { atMs: api.clock.ms, by: '@root:example.org', target: BOB };
  expect(orders).toMatchObject([
    { ...common, action: 'setAdminLockUser', detail: '{"locked":true}' },
    { ...common, action: 'setAdminSuspendUser', detail: '{"suspended":true}' },
  ]);
});
