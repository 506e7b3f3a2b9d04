import { expect, test } from 'vitest';
import { mounted } from '../../../test/support/mounted.ts';
import { openGate } from '../../../test/support/open-gate.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { openRoomServer } from '../../../test/support/room-server.ts';
import { bob } from '../../../test/support/rooms.ts';
import { serve } from '../../http/serve.ts';
import { LargeReads } from '../events/large-reads.ts';
import { roomEndpoints } from '../rooms/endpoints.ts';

test('a room is made, joined by its alias, and left', async () => {
  await using bench = await workbench();
  const created = await bench.ask('alice', 'POST', '/createRoom', {
    preset: 'public_chat',
    room_alias_name: 'pub',
    name: 'The pub',
  });
  const { room_id } = created.json;
  const alias = encodeURIComponent('#pub:example.org');
  expect((await bench.ask('bob', 'GET', `/directory/room/${alias}`)).json).toEqual({
    room_id,
    servers: ['example.org'],
  });
  expect(await bench.ask('bob', 'POST', `/join/${alias}?via=elsewhere.org`, {})).toEqual({
    status: 200,
    json: { room_id },
  });
  expect((await bench.ask('bob', 'GET', '/joined_rooms')).json).toEqual({
    joined_rooms: [room_id],
  });
  const left = await bench.ask('bob', 'POST', `/rooms/${room_id}/leave`, { reason: 'late' });
  expect(left).toEqual({ status: 200, json: {} });
  expect((await bench.ask('bob', 'GET', '/joined_rooms')).json).toEqual({ joined_rooms: [] });
});

test('whoever joins or knocks may say more in their membership, but not what it is', async () => {
  await using bench = await workbench();
  const { json } = await bench.ask('alice', 'POST', '/createRoom', { preset: 'public_chat' });
  const said = {
    foo: 'bar',
    membership: 'ban',
    join_authorised_via_users_server: '@x:y',
    reason: 'r',
  };
  await bench.ask('bob', 'POST', `/join/${json.room_id}`, said);
  const at = `/rooms/${json.room_id}/state/m.room.member/${bob}`;
  const member = await bench.ask('alice', 'GET', at);
  expect(member.json).toEqual({ membership: 'join', foo: 'bar', reason: 'r' });
  await bench.ask('bob', 'POST', `/join/${json.room_id}`, {});
  expect((await bench.ask('alice', 'GET', at)).json).toEqual(member.json);
});

test('who blocks invites is invited by nobody, whatever the way, until they no longer do', async () => {
  await using bench = await workbench();
  const block = (content: object) =>
    bench.ask('bob', 'PUT', `/user/${bob}/account_data/m.invite_permission_config`, content);
  const { json } = await bench.ask('alice', 'POST', '/createRoom', { preset: 'public_chat' });
  const at = `/rooms/${json.room_id}`;
  const member = { type: 'm.room.member', state_key: bob, content: { membership: 'invite' } };
  const ways = [
    () => bench.ask('alice', 'POST', `${at}/invite`, { user_id: bob }),
    () => bench.ask('alice', 'PUT', `${at}/state/m.room.member/${bob}`, member.content),
    () => bench.ask('alice', 'POST', '/createRoom', { invite: [bob] }),
    () => bench.ask('alice', 'POST', '/createRoom', { initial_state: [member] }),
  ];
  await block({ default_action: 'block' });
  for (const way of ways) {
    const { status, json } = await way();
    expect([status, json.errcode]).toEqual([403, 'M_INVITE_BLOCKED']);
  }
  const rooms = async () =>
    (await bench.fresh.database.query('rooms', 'SELECT 1 FROM room')).length;
  expect(await rooms()).toBe(1);
  expect((await bench.ask('bob', 'POST', `${at}/join`)).status).toBe(200);
  await bench.ask('bob', 'POST', `${at}/leave`);
  for (const content of [{}, { default_action: 'allow' }, { default_action: 7 }]) {
    await block(content);
    expect((await ways[0]!()).status).toBe(200);
    await bench.ask('bob', 'POST', `${at}/leave`);
  }
});

test('inviting, kicking, banning and lifting a ban answer nothing but success', async () => {
  await using bench = await workbench();
  const { json } = await bench.ask('alice', 'POST', '/createRoom', { invite: [] });
  const at = `/rooms/${json.room_id}`;
  for (const [user, action, membership] of [
    ['alice', 'invite', 'invite'],
    ['bob', 'join', 'join'],
    ['alice', 'kick', 'leave'],
    ['alice', 'ban', 'ban'],
    ['alice', 'unban', 'leave'],
  ] as const) {
    const body = user === 'bob' ? undefined : { user_id: bob, reason: 'r' };
    const answer = await bench.ask(user, 'POST', `${at}/${action}`, body);
    expect(answer).toEqual({ status: 200, json: user === 'bob' ? { room_id: json.room_id } : {} });
    const state = await bench.ask('alice', 'GET', `${at}/state/m.room.member/${bob}`);
    expect(state.json.membership).toBe(membership);
  }
});

test('an alias is given, listed, and taken away by those who may', async () => {
  await using bench = await workbench();
  const { json } = await bench.ask('alice', 'POST', '/createRoom', { preset: 'public_chat' });
  const alias = encodeURIComponent('#name:example.org');
  const put = (user: string) =>
    bench.ask(user, 'PUT', `/directory/room/${alias}`, { room_id: json.room_id });
  expect((await put('bob')).status).toBe(403);
  expect(await put('alice')).toEqual({ status: 200, json: {} });
  expect((await put('alice')).status).toBe(409);
  expect((await bench.ask('alice', 'GET', `/rooms/${json.room_id}/aliases`)).json).toEqual({
    aliases: ['#name:example.org'],
  });
  await bench.ask('bob', 'POST', `/join/${alias}`);
  expect((await bench.ask('bob', 'DELETE', `/directory/room/${alias}`)).status).toBe(403);
  expect((await bench.ask('alice', 'DELETE', `/directory/room/${alias}`)).status).toBe(200);
  expect((await bench.ask('alice', 'GET', `/directory/room/${alias}`)).status).toBe(404);
  expect((await put('bob')).status).toBe(200);
});

test.each<[string, string, string, unknown, number, string]>([
  ['a room nobody knows', 'POST', '/join/!none:example.org', {}, 404, 'M_NOT_FOUND'],
  ['an alias nobody knows', 'POST', '/join/%23none:example.org', {}, 404, 'M_NOT_FOUND'],
  [
    'an alias of another server',
    'PUT',
    '/directory/room/%23a:b.org',
    { room_id: '!a:example.org' },
    400,
    'M_INVALID_PARAM',
  ],
  ['what is no room', 'POST', '/join/none', {}, 400, 'M_INVALID_PARAM'],
  ['an unknown preset', 'POST', '/createRoom', { preset: 'party' }, 400, 'M_BAD_JSON'],
  ['an invite of nobody', 'POST', '/createRoom', { invite: ['bob'] }, 400, 'M_BAD_JSON'],
  ['a kick of nobody', 'POST', '/rooms/!a:example.org/kick', {}, 400, 'M_BAD_JSON'],
  [
    'state with U+0000',
    'POST',
    '/createRoom',
    { initial_state: [{ type: 'a\u0000', content: {} }] },
    400,
    'M_BAD_JSON',
  ],
])('%s is refused', async (_what, method, path, body, status, errcode) => {
  await using bench = await workbench();
  const answer = await bench.ask('alice', method, path, body);
  expect([answer.status, answer.json.errcode]).toEqual([status, errcode]);
});

test.each(
  roomEndpoints
    .filter((endpoint) => endpoint.auth !== 'nobody')
    .map((endpoint) => [endpoint.operation, endpoint.routes[0]!] as const),
)('%s is for those who say who they are', async (_operation, route) => {
  const refuse = () => {
    throw new Error('reached without a token');
  };
  const none = new Proxy({}, { get: refuse }) as never;
  const ports = { accounts: none, appServices: none, rooms: none, largeReads: new LargeReads() };
  await using server = await serve(mounted(roomEndpoints), openGate(ports));
  const [method, path] = route.split(' ') as [string, string];
  const url = server.origin + path.replaceAll(/\{(\w+)\}/g, (_, name) => SAMPLES[name] ?? 'x');
  for (const [headers, errcode] of [
    [{}, 'M_MISSING_TOKEN'],
    [{ authorization: 'Bearer mallory-token' }, 'M_UNKNOWN_TOKEN'],
  ] as const) {
    const response = await fetch(url, { method, headers });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ errcode });
  }
});

const SAMPLES: Record<string, string> = {
  roomId: '!a:example.org',
  roomIdOrAlias: '!a:example.org',
  roomAlias: '%23a:example.org',
  eventId: '$a',
};

async function workbench() {
  const fresh = await freshDatabase();
  const server = await openRoomServer(fresh);
  return {
    ...{ ...server, fresh },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}
