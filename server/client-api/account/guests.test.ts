import { expect, test } from 'vitest';
import { type ApiServer, type Reply, startApi } from '../../../test/support/api-server.ts';

const errorOf = ({ status, body }: Reply) => [status, body.errcode];

const come = (api: ApiServer, body: object = {}) => api.ask('POST /register?kind=guest', { body });

/** A room that alice made, with this rule for guests. */
async function roomOf(api: ApiServer, guest_access: string) {
  const alice = await api.register('alice', 'PHONE');
  const content = { guest_access };
  const body = {
    preset: 'public_chat',
    initial_state: [{ type: 'm.room.guest_access', state_key: '', content }],
  };
  const { room_id } = (await api.ask('POST /createRoom', { token: alice, body })).body;
  return { alice, room_id: room_id as string };
}

test('a guest comes without a name or a password, and the server names their device', async () => {
  await using api = await startApi({ guests: true, registration: 'closed' });
  const { body } = await come(api, { device_id: 'MINE', initial_device_display_name: 'Browser' });
  expect(body).toEqual({
    user_id: expect.stringMatching(/^@\d+:example\.org$/),
    access_token: expect.any(String),
    device_id: expect.not.stringMatching('MINE'),
  });
  const whoami = await api.ask('GET /account/whoami', { token: body.access_token });
  expect(whoami.body.is_guest).toBe(true);
});

test('where the operator wants none, there are none', async () => {
  await using api = await startApi();
  expect(errorOf(await come(api))).toEqual([403, 'M_GUEST_ACCESS_FORBIDDEN']);
});

test('guests read and talk in rooms that let them in, and only there', async () => {
  await using api = await startApi({ guests: true });
  const { alice, room_id } = await roomOf(api, 'can_join');
  const token = (await come(api)).body.access_token;
  expect((await api.ask(`POST /rooms/${room_id}/join`, { token })).status).toBe(200);
  const send = `PUT /rooms/${room_id}/send/m.room.message/1`;
  expect((await api.ask(send, { token, body: { body: 'hello' } })).status).toBe(200);
  expect((await api.ask(`GET /rooms/${room_id}/messages?dir=b`, { token })).status).toBe(200);
  expect((await api.ask('GET /sync', { token })).body.rooms.join).toHaveProperty([room_id]);
  const closed = await api.ask('POST /createRoom', {
    token: alice,
    body: { preset: 'public_chat' },
  });
  for (const at of [`/rooms/${closed.body.room_id}/join`, `/join/${closed.body.room_id}`])
    expect(errorOf(await api.ask(`POST ${at}`, { token }))).toEqual([
      ...[403, 'M_GUEST_ACCESS_FORBIDDEN'],
    ]);
});

test('guests leave a room that lets none in any more, and its other members stay', async () => {
  await using api = await startApi({ guests: true });
  const { alice, room_id } = await roomOf(api, 'can_join');
  const guest = (await come(api)).body;
  const bob = await api.register('bob');
  for (const token of [guest.access_token, bob])
    await api.ask(`POST /rooms/${room_id}/join`, { token });
  const at = `PUT /rooms/${room_id}/state/m.room.guest_access`;
  await api.ask(at, { token: alice, body: { guest_access: 'forbidden' } });
  const { joined } = (await api.ask(`GET /rooms/${room_id}/joined_members`, { token: alice })).body;
  expect(Object.keys(joined).sort()).toEqual(['@alice:example.org', '@bob:example.org']);
});

test.each([
  ['make rooms', 'POST /createRoom', {}],
  ['close an account', 'POST /account/deactivate', {}],
  ['set a password', 'POST /account/password', { new_password: 'x' }],
  ['invite', 'POST /rooms/!x:example.org/invite', { user_id: '@a:example.org' }],
  ['look for people', 'POST /user_directory/search', { search_term: 'a' }],
  ['keep keys with us', 'GET /room_keys/version', undefined],
])('guests do not %s', async (_what, request, body) => {
  await using api = await startApi({ guests: true });
  const token = (await come(api)).body.access_token;
  expect(errorOf(await api.ask(request, { token, body }))).toEqual([
    ...[403, 'M_GUEST_ACCESS_FORBIDDEN'],
  ]);
});
