import { expect, test } from 'vitest';
import { type ApiOptions, type Reply, startApi } from '../../../test/support/api-server.ts';
import type { UserId } from '../../protocol/identifiers.ts';

const BOB = '@bob:example.org';
const NOTICES = '@notices:example.org';
const AT = '/_synapse/admin/v1/send_server_notice';
const settings = {
  ...{ userId: NOTICES as UserId, displayName: 'The server', roomName: 'Notices' },
  ...{ roomTopic: 'What you should know', autoJoin: false },
};
const errorOf = ({ status, body }: Reply) => [status, body.errcode];

test('who is told something is invited to a room of the server, which is named, tagged and theirs alone', async () => {
  await using house = await openHouse();
  const { api, bob } = house;
  expect((await house.notice('Pay attention')).body).toEqual({ event_id: expect.any(String) });
  const invited = Object.entries((await house.sync()).rooms.invite);
  const [roomId, { invite_state }] = invited[0] as [string, { invite_state: { events: Event[] } }];
  const content = (type: string) => invite_state.events.find((each) => each.type === type)?.content;
  expect(content('m.room.name')).toEqual({ name: 'Notices' });
  expect(invite_state.events).toContainEqual(
    expect.objectContaining({ type: 'm.room.member', sender: NOTICES }),
  );
  const tags = await api.ask(`GET /user/${BOB}/rooms/${roomId}/tags`, { token: bob });
  expect(tags.body.tags).toEqual({ 'm.server_notice': {} });
  await api.ask(`POST /join/${roomId}`, { token: bob });
  const messages = await api.ask(`GET /rooms/${roomId}/messages?dir=b`, { token: bob });
  expect(messages.body.chunk.map(({ content: { body } }: Event) => body)).toContain(
    'Pay attention',
  );
  const members = await api.ask(`GET /rooms/${roomId}/joined_members`, { token: bob });
  expect(members.body.joined[NOTICES].display_name).toBe('The server');
  const carol = { user_id: '@carol:example.org' };
  for (const reply of [
    await api.ask(`PUT /rooms/${roomId}/send/m.room.message/1`, { token: bob, body: {} }),
    await api.ask(`POST /rooms/${roomId}/invite`, { token: bob, body: carol }),
  ])
    expect(errorOf(reply)).toEqual([403, 'M_FORBIDDEN']);
});

test('the next notice comes to the same room, also where two come at once; who left it is invited into it anew', async () => {
  await using house = await openHouse();
  const { api, bob } = house;
  await Promise.all(['one', 'two'].map(house.notice));
  await house.notice('three');
  const rooms = Object.keys((await house.sync()).rooms.invite);
  expect(rooms).toHaveLength(1);
  await api.ask(`POST /join/${rooms[0]}`, { token: bob });
  const messages = await api.ask(`GET /rooms/${rooms[0]}/messages?dir=b&limit=3`, { token: bob });
  await house.notice('four');
  expect(messages.status).toBe(200);
  expect((await house.sync()).rooms.invite).toBeUndefined();
  expect((await api.ask(`POST /rooms/${rooms[0]}/leave`, { token: bob })).status).toBe(200);
  await house.notice('five');
  expect(Object.keys((await house.sync()).rooms.invite)).toEqual([rooms[0]]);
});

test('an invite of the server cannot be turned down, whichever way, nor blocked', async () => {
  await using house = await openHouse();
  const { api, bob } = house;
  await api.ask(`PUT /user/${BOB}/account_data/m.invite_permission_config`, {
    ...{ token: bob, body: { default_action: 'block' } },
  });
  expect((await house.notice('Still')).status).toBe(200);
  const [roomId] = Object.keys((await house.sync()).rooms.invite);
  const refused = [
    await api.ask(`POST /rooms/${roomId}/leave`, { token: bob }),
    await api.ask(`PUT /rooms/${roomId}/state/m.room.member/${BOB}`, {
      ...{ token: bob, body: { membership: 'leave' } },
    }),
  ];
  const errcode = 'M_CANNOT_LEAVE_SERVER_NOTICE_ROOM';
  expect(refused.map(errorOf)).toEqual(Array(2).fill([403, errcode]));
  const closed = await api.ask('POST /_synapse/admin/v1/deactivate/@bob:example.org', {
    ...{ token: house.root, body: {} },
  });
  expect(closed.status).toBe(200);
});

test('a notice with a name is sent once, and where it is so set users are in the room at once', async () => {
  await using house = await openHouse({ serverNotices: { ...settings, autoJoin: true } });
  const { api, bob, root } = house;
  const put = () =>
    api.ask(`PUT ${AT}/once`, { token: root, body: { user_id: BOB, content: { body: 'hello' } } });
  expect((await put()).body).toEqual((await put()).body);
  const [roomId] = (await api.ask('GET /joined_rooms', { token: bob })).body.joined_rooms;
  const messages = await api.ask(`GET /rooms/${roomId}/messages?dir=b`, { token: bob });
  const said = messages.body.chunk.filter(({ type }: Event) => type === 'm.room.message');
  expect(said).toHaveLength(1);
});

test('where nobody speaks for the server, to whom it does not know, and under somebody’s own name nothing is sent', async () => {
  await using off = await openHouse({ serverNotices: undefined });
  expect(errorOf(await off.notice('x'))).toEqual([400, 'M_UNKNOWN']);
  await using house = await openHouse();
  const nobody = { user_id: '@nobody:example.org', content: {} };
  const unknown = await house.api.ask(`POST ${AT}`, { token: house.root, body: nobody });
  expect(errorOf(unknown)).toEqual([404, 'M_NOT_FOUND']);
  const taken = await house.api.ask('POST /register', {
    body: { username: 'notices', password: 'x', auth: { type: 'm.login.dummy' } },
  });
  expect(errorOf(taken)).toEqual([400, 'M_USER_IN_USE']);
  await using own = await openHouse({ serverNotices: { ...settings, userId: BOB as UserId } });
  await own.api.ask('POST /_synapse/admin/v1/reset_password/@bob:example.org', {
    ...{ token: own.root, body: { new_password: 'mine' } },
  });
  expect(errorOf(await own.notice('x'))).toEqual([400, 'M_UNKNOWN']);
  await own.api.features.profiles.set(BOB as UserId, 'displayname', 'Bob');
  await own.api.features.serverNotices.begin();
  expect((await own.api.ask(`GET /profile/${BOB}/displayname`)).body.displayname).toBe('Bob');
});

test('a notice goes to no room that others can come into, though who speaks for the server is in it', async () => {
  await using house = await openHouse();
  const { api, bob } = house;
  const notices = NOTICES as UserId;
  const roomId = await api.features.rooms.create(notices, { preset: 'public_chat' }, {});
  const body = { preset: 'public_chat', name: 'Bobs' };
  const bobs = (await api.ask('POST /createRoom', { token: bob, body })).body.room_id;
  await api.ask(`POST /join/${roomId}`, { token: bob });
  const join = { sender: notices, target: notices, action: 'join' } as const;
  await api.features.rooms.changeMembership(bobs, join, {});
  expect((await house.notice('Yours alone')).status).toBe(200);
  expect(Object.keys((await house.sync()).rooms.invite)).toHaveLength(1);
  const itself = { user_id: NOTICES, content: { body: 'x' } };
  const refused = await api.ask(`POST ${AT}`, { token: house.root, body: itself });
  expect(errorOf(refused)).toEqual([400, 'M_UNKNOWN']);
});

interface Event {
  readonly type: string;
  readonly content: { readonly body?: string; readonly name?: string };
}

async function openHouse(
  options: { serverNotices?: ApiOptions['serverNotices'] | undefined } = {},
) {
  const { serverNotices } = { serverNotices: settings, ...options };
  const api = await startApi({ ...(serverNotices && { serverNotices }) });
  const root = await api.register('root', 'DESK', { admin: true });
  const isTaken = serverNotices?.userId === BOB;
  const bob = isTaken ? '' : await api.register('bob');
  return {
    ...{ api, root, bob },
    notice: (body: string) =>
      api.ask(`POST ${AT}`, {
        token: root,
        body: {
          user_id: isTaken ? '@root:example.org' : BOB,
          content: { msgtype: 'm.text', body },
        },
      }),
    sync: async () => (await api.ask('GET /sync', { token: bob })).body,
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}
