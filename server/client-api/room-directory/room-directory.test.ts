import { expect, test } from 'vitest';
import { startApi } from '../../../test/support/api-server.ts';
import type { JsonObject } from '../../protocol/json.ts';

test('published rooms are listed for everybody, the largest first, with what is known of them', async () => {
  await using bench = await workbench();
  const small = await bench.create('alice', { visibility: 'public', name: 'small' });
  const large = await bench.create('alice', {
    ...{ visibility: 'public', name: 'large', topic: 'about much', room_alias_name: 'large' },
    ...{ creation_content: { type: 'm.space' }, power_level_content_override: { events: {} } },
  });
  await bench.create('alice', { name: 'not published' });
  await bench.join('bob', large);
  const { status, body } = await bench.ask('GET /publicRooms');
  expect([status, body.total_room_count_estimate]).toEqual([200, 2]);
  expect(body.chunk).toEqual([
    {
      ...{ room_id: large, name: 'large', topic: 'about much', num_joined_members: 2 },
      ...{ canonical_alias: '#large:example.org', room_type: 'm.space', join_rule: 'public' },
      ...{ world_readable: false, guest_can_join: false },
    },
    expect.objectContaining({ room_id: small, num_joined_members: 1 }),
  ]);
});

test('what changes of a published room is seen by who asks next, also behind a restart', async () => {
  await using bench = await workbench();
  const room = await bench.create('alice', { visibility: 'public', name: 'old' });
  const listed = async () => ((await bench.ask('GET /publicRooms')).body.chunk as JsonObject[])[0];
  expect(await listed()).toMatchObject({ name: 'old', num_joined_members: 1 });
  await bench.state('alice', room, 'm.room.name', { name: 'new' });
  await bench.join('bob', room);
  expect(await listed()).toMatchObject({ name: 'new', num_joined_members: 2 });
  await bench.state('alice', room, 'm.room.join_rules', { join_rule: 'invite' });
  expect(await listed()).toBeUndefined();
  await bench.state('alice', room, 'm.room.join_rules', { join_rule: 'knock' });
  expect(await listed()).toMatchObject({ join_rule: 'knock' });
  await bench.api.writer.close();
  await using later = await startApi({ fresh: bench.api.fresh });
  const { chunk } = (await later.ask('GET /publicRooms')).body;
  expect(chunk).toMatchObject([{ name: 'new', num_joined_members: 2, join_rule: 'knock' }]);
});

test('a room is published and taken out by who may name it, and by nobody else', async () => {
  await using bench = await workbench();
  const room = await bench.create('alice', { preset: 'public_chat' });
  await bench.join('bob', room);
  const at = `/directory/list/room/${encodeURIComponent(room)}`;
  const put = async (who: string, visibility?: string) => {
    const ask = { token: bench.token(who), body: visibility ? { visibility } : {} };
    return (await bench.ask(`PUT ${at}`, ask)).status;
  };
  expect(await put('bob', 'public')).toBe(403);
  expect((await bench.ask(`GET ${at}`)).body).toEqual({ visibility: 'private' });
  expect(await put('alice')).toBe(200);
  expect((await bench.ask(`GET ${at}`)).body).toEqual({ visibility: 'public' });
  expect((await bench.ask('GET /publicRooms')).body.chunk).toHaveLength(1);
  expect(await put('bob', 'private')).toBe(403);
  expect(await put('alice', 'private')).toBe(200);
  expect((await bench.ask('GET /publicRooms')).body.chunk).toEqual([]);
  for (const method of ['GET', 'PUT']) {
    const ask = { token: bench.token('alice'), ...(method === 'PUT' && { body: {} }) };
    const unknown = await bench.ask(`${method} /directory/list/room/!nobodys:example.org`, ask);
    expect([unknown.status, unknown.body.errcode]).toEqual([404, 'M_NOT_FOUND']);
  }
});

test("an upgraded room's place in the directory goes to the new one", async () => {
  await using bench = await workbench();
  const room = await bench.create('alice', { visibility: 'public', name: 'moved' });
  expect((await bench.ask('GET /publicRooms')).body.chunk).toMatchObject([{ room_id: room }]);
  const { body } = await bench.ask(`POST /rooms/${encodeURIComponent(room)}/upgrade`, {
    ...{ token: bench.token('alice'), body: { new_version: '11' } },
  });
  const { chunk } = (await bench.ask('GET /publicRooms')).body;
  expect(chunk).toMatchObject([{ room_id: body.replacement_room, name: 'moved' }]);
});

test('the directory is paged forth and back', async () => {
  await using bench = await workbench();
  for (let n = 0; n < 5; n++) await bench.create('alice', { visibility: 'public', name: `${n}` });
  const all = idsIn((await bench.ask('GET /publicRooms')).body);
  const page = async (since: unknown) =>
    (await bench.ask(`GET /publicRooms?limit=2&since=${since ?? ''}`)).body;
  const first = await page(undefined);
  const second = await page(first.next_batch);
  const third = await page(second.next_batch);
  expect([first, second, third].flatMap(idsIn)).toEqual(all);
  expect([first.prev_batch, third.next_batch]).toEqual([undefined, undefined]);
  expect(idsIn(await page(third.prev_batch))).toEqual(idsIn(second));
  const back = await page(second.prev_batch);
  expect([idsIn(back), back.prev_batch]).toEqual([idsIn(first), undefined]);
});

test('rooms are found by words in name, topic and alias, whatever their case and accents, and by type', async () => {
  await using bench = await workbench();
  const name = await bench.create('alice', { visibility: 'public', name: 'Ação' });
  const topic = await bench.create('alice', { visibility: 'public', topic: 'toda a AÇÃO' });
  const space = await bench.create('alice', {
    ...{ visibility: 'public', room_alias_name: 'acao', creation_content: { type: 'm.space' } },
  });
  await bench.create('alice', { visibility: 'public', name: 'else' });
  const search = async (filter: JsonObject) =>
    idsIn(
      (await bench.ask('POST /publicRooms', { token: bench.token('bob'), body: { filter } })).body,
    );
  expect((await search({ generic_search_term: 'AÇão' })).sort()).toEqual(
    [name, topic, space].sort(),
  );
  expect(await search({ room_types: ['m.space'] })).toEqual([space]);
  expect((await search({ room_types: [null], generic_search_term: 'acao' })).sort()).toEqual(
    [name, topic].sort(),
  );
});

test.each([
  [
    ...(['POST', '', { third_party_instance_id: 'irc', include_all_networks: true }] as const),
    ...([400, 'M_INVALID_PARAM'] as const),
  ],
  ['POST', '?server=elsewhere.org', {}, 404, 'M_NOT_FOUND'],
  ['GET', '?since=nonsense', undefined, 400, 'M_INVALID_PARAM'],
])('%s /publicRooms%s with %j is refused', async (method, query, body, status, errcode) => {
  await using bench = await workbench();
  const ask = { token: bench.token('alice'), body };
  const reply = await bench.ask(`${method} /publicRooms${query}`, ask);
  expect([reply.status, reply.body.errcode]).toEqual([status, errcode]);
});

test('a room is summarized for who could see or join it, and is not there for others', async () => {
  await using bench = await workbench();
  const club = await bench.create('alice', { name: 'club' });
  await bench.join('bob', club);
  const restricted = await bench.create('alice', {
    ...{ name: 'back room', room_alias_name: 'back' },
    initial_state: [
      {
        type: 'm.room.join_rules',
        content: { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: club }] },
      },
      { type: 'm.room.encryption', content: { algorithm: 'm.megolm.v1.aes-sha2' } },
    ],
  });
  const ask = (who: string, path: string) =>
    bench.ask(`GET /_matrix/client${path}`, { token: bench.token(who) });
  const summary = await ask('bob', '/v1/room_summary/%23back%3Aexample.org');
  expect(summary).toEqual({
    status: 200,
    body: {
      ...{ room_id: restricted, name: 'back room', canonical_alias: '#back:example.org' },
      ...{ num_joined_members: 1, world_readable: false, guest_can_join: true },
      ...{ join_rule: 'restricted', allowed_room_ids: [club], room_version: '12' },
      encryption: 'm.megolm.v1.aes-sha2',
    },
  });
  const old = `/unstable/im.nheko.summary/rooms/${encodeURIComponent(restricted)}/summary`;
  expect((await ask('bob', old)).body).toEqual(summary.body);
  expect((await ask('alice', old)).body.membership).toBe('join');
  for (const path of [old, '/v1/room_summary/%23nobodys%3Aexample.org']) {
    const { status, body } = await ask('mallory', path);
    expect([status, body.errcode]).toEqual([404, 'M_NOT_FOUND']);
  }
});

test('a space is walked depth first, each room once, without those that one may not see', async () => {
  await using bench = await workbench();
  const room = (name: string, more: JsonObject = {}) =>
    bench.create('alice', { preset: 'public_chat', name, ...more });
  const space = { creation_content: { type: 'm.space' } };
  const [root, branch] = [await room('root', space), await room('branch', space)];
  const [leaf, hidden] = [await room('leaf'), await room('hidden', { preset: 'private_chat' })];
  const last = await room('last');
  await bench.child(root, branch, { order: 'a', suggested: true });
  await bench.child(root, hidden, { order: 'b' });
  await bench.child(root, last, { order: 'c' });
  await bench.child(root, '!unknown:example.org', { order: 'd' });
  await bench.child(branch, leaf, {});
  await bench.child(branch, root, {});
  await bench.child(branch, last, { via: undefined });
  const walk = async (query = '', who = 'bob') => {
    const path = `/_matrix/client/v1/rooms/${encodeURIComponent(root)}/hierarchy${query}`;
    const { status, body } = await bench.ask(`GET ${path}`, { token: bench.token(who) });
    expect([query, status]).toEqual([query, 200]);
    return body;
  };
  const names = ({ rooms }: JsonObject) => (rooms as JsonObject[]).map((each) => each.name);
  const whole = await walk();
  expect(names(whole)).toEqual(['root', 'branch', 'leaf', 'last']);
  expect(whole).not.toHaveProperty('next_batch');
  expect((whole.rooms as JsonObject[])[1]).toMatchObject({
    ...{ room_id: branch, room_type: 'm.space', num_joined_members: 1, join_rule: 'public' },
    children_state: expect.arrayContaining([
      {
        ...{ type: 'm.space.child', state_key: leaf, sender: '@alice:example.org' },
        ...{ content: { via: ['example.org'] }, origin_server_ts: expect.any(Number) },
      },
    ]),
  });
  expect(names(await walk('', 'alice'))).toEqual(['root', 'branch', 'leaf', 'hidden', 'last']);
  expect(names(await walk('?max_depth=1'))).toEqual(['root', 'branch', 'last']);
  expect(names(await walk('?suggested_only=true'))).toEqual(['root', 'branch']);
  const first = await walk('?limit=3');
  expect(names(first)).toEqual(['root', 'branch', 'leaf']);
  const second = await walk(`?limit=3&from=${first.next_batch}`);
  expect([names(second), second.next_batch]).toEqual([['last'], undefined]);
  for (const query of [`?max_depth=1&from=${first.next_batch}`, '?from=h0', '?limit=0']) {
    const path = `/_matrix/client/v1/rooms/${encodeURIComponent(root)}/hierarchy${query}`;
    const { status, body } = await bench.ask(`GET ${path}`, { token: bench.token('bob') });
    expect([query, status, body.errcode]).toEqual([query, 400, 'M_INVALID_PARAM']);
  }
  for (const id of [hidden, '!unknown:example.org']) {
    const path = `/_matrix/client/v1/rooms/${encodeURIComponent(id)}/hierarchy`;
    const { status, body } = await bench.ask(`GET ${path}`, { token: bench.token('bob') });
    expect([status, body.errcode]).toEqual([403, 'M_FORBIDDEN']);
  }
});

test('the rooms that two are in are listed, and none where one of them only was', async () => {
  await using bench = await workbench();
  const rooms = [await bench.create('alice', {}), await bench.create('alice', {})];
  for (const room of rooms) await bench.join('bob', room);
  const left = await bench.create('alice', {});
  await bench.join('bob', left);
  await bench.ask(`POST /rooms/${encodeURIComponent(left)}/leave`, {
    ...{ token: bench.token('bob'), body: {} },
  });
  const mutual = (query: string) =>
    bench.ask(`GET /_matrix/client/v1/mutual_rooms?${query}`, { token: bench.token('alice') });
  const { body } = await mutual('user_id=@bob:example.org');
  expect(body).toEqual({ joined: rooms.toSorted(), count: 2 });
  const rest = await mutual(`user_id=@bob:example.org&from=m${rooms.toSorted()[0]}`);
  expect(rest.body).toEqual({ joined: [rooms.toSorted()[1]], count: 2 });
  const nobody = await mutual('user_id=@nobody:elsewhere.org');
  expect(nobody.body).toEqual({ joined: [], count: 0 });
  for (const query of ['', 'user_id=@alice:example.org', 'user_id=bob', 'user_id=@bob:x&from=x']) {
    const refused = await mutual(query);
    expect([query, refused.status]).toEqual([query, 400]);
  }
});

const idsIn = ({ chunk }: JsonObject) => (chunk as JsonObject[]).map((each) => each.room_id);

async function workbench() {
  const api = await startApi();
  const tokens = new Map<string, string>();
  for (const who of ['alice', 'bob', 'mallory']) tokens.set(who, await api.register(who));
  const { ask } = api;
  const succeed = async (who: string, request: string, body: object) => {
    const reply = await ask(request, { token: tokens.get(who), body });
    expect([reply.body, reply.status]).toEqual([expect.anything(), 200]);
    return reply.body;
  };
  const state = (who: string, roomId: string, type: string, content: object, key = '') =>
    succeed(who, `PUT /rooms/${encodeURIComponent(roomId)}/state/${type}/${key}`, content);
  return {
    api,
    ask,
    state,
    token: (who: string) => tokens.get(who),
    create: async (who: string, wish: JsonObject): Promise<string> => {
      const preset = wish.visibility === 'public' ? { preset: 'public_chat' } : {};
      return (await succeed(who, 'POST /createRoom', { ...preset, ...wish })).room_id as string;
    },
    async join(who: string, roomId: string) {
      const at = `/rooms/${encodeURIComponent(roomId)}`;
      await ask(`POST ${at}/invite`, {
        ...{ token: tokens.get('alice'), body: { user_id: `@${who}:example.org` } },
      });
      await succeed(who, `POST ${at}/join`, {});
    },
    child: (space: string, roomId: string, content: object) =>
      state(
        ...(['alice', space, 'm.space.child'] as const),
        ...([{ via: ['example.org'], ...content }, encodeURIComponent(roomId)] as const),
      ),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}
