import { expect, test } from 'vitest';
import { type ApiServer, type Reply, startApi } from '../../../test/support/api-server.ts';
import { holdCommits } from '../../../test/support/hold-commits.ts';
import { type FreshDatabase, freshDatabase } from '../../../test/support/postgres.ts';
import { keepHouse } from '../../log/housekeeping.ts';

const AT = '/_synapse/admin';
/** Or that the others are there is news, too, which may come first. */
const HIDDEN = 'set_presence=offline';
const errorOf = ({ status, body }: Reply) => [status, body.errcode];

test('a deleted room is nowhere any more, for nobody', async () => {
  await using house = await openHouse();
  const { api, root, bob, carol, roomId } = house;
  const event = (await house.say(bob, 'the secret word')).body.event_id;
  await api.ask(`POST /rooms/${roomId}/receipt/m.read/${event}`, { token: carol, body: {} });
  await api.ask(`PUT /user/@carol:example.org/rooms/${roomId}/tags/u.work`, {
    ...{ token: carol, body: {} },
  });
  await api.ask(`PUT /rooms/${roomId}/send/m.reaction/r`, {
    ...{ token: carol },
    body: { 'm.relates_to': { rel_type: 'm.annotation', event_id: event, key: '+' } },
  });
  const nid = await house.nidOf(roomId);
  const found = () => house.found('secret');
  await expect.poll(found).toBe(1);

  const order = await root(`DELETE /v2/rooms/${roomId}`, { block: true });
  const done = await house.done(order.body.delete_id);
  expect(done).toEqual({
    ...{ room_id: roomId, status: 'complete' },
    shutdown_room: {
      kicked_users: ['@bob:example.org', '@carol:example.org', '@dave:example.org'],
      ...{ failed_to_kick_users: [], new_room_id: null },
      local_aliases: ['#cats:example.org'],
    },
  });
  for (const request of [
    `GET /rooms/${roomId}/messages?dir=b`,
    `GET /rooms/${roomId}/state`,
    `GET /rooms/${roomId}/event/${event}`,
    `GET /rooms/${roomId}/members`,
    `PUT /rooms/${roomId}/send/m.room.message/late`,
    `POST /join/${roomId}`,
  ])
    expect([403, 404], request).toContain(
      (await api.ask(request, { token: bob, ...(!request.startsWith('GET') && { body: {} }) }))
        .status,
    );
  expect(errorOf(await root(`GET /v1/rooms/${roomId}`))).toEqual([404, 'M_NOT_FOUND']);
  expect((await api.ask('GET /joined_rooms', { token: bob })).body.joined_rooms).toEqual([]);
  expect((await api.ask('GET /publicRooms')).body.chunk).toEqual([]);
  expect(await found()).toBe(0);
  const alias = await api.ask('GET /directory/room/%23cats%3Aexample.org');
  expect(alias.status).toBe(404);
  expect((await root(`GET /v1/rooms/${roomId}/block`)).body.block).toBe(true);
  expect((await root('GET /v1/rooms')).body.rooms).toEqual([]);
  expect(await house.leftOf(nid, roomId)).toEqual({
    ...{ blocked_room: 1, current_state: expect.any(Number), deleted_room: 1, membership: 3 },
  });
  expect((await root('GET /_farol/admin/v1/audit')).body.orders).toMatchObject([
    { action: 'adminDeleteRoom', target: roomId, by: '@root:example.org' },
  ]);
});

test('whoever waits, whoever was away and whoever was invited hear that they are no longer in it', async () => {
  await using fresh = await freshDatabase();
  let [since, roomId, deleteId] = [{} as Record<string, string>, '', ''];
  const tokens: Record<string, string> = {};
  const left = (reply: Reply) => {
    const room = reply.body.rooms?.leave?.[roomId];
    return room?.timeline.events.map(
      (event: { type: string; state_key: string; content: { membership: string } }) =>
        [event.type, event.state_key, event.content.membership].join(' '),
    );
  };
  const heard = (name: string) => [`m.room.member @${name}:example.org leave`];
  const sync = (api: ApiServer, name: string, timeout: number) =>
    api.ask(`GET /sync?${HIDDEN}&since=${since[name]}&timeout=${timeout}`, { token: tokens[name] });
  /** What others do, such as coming online, is told before or besides. */
  const untilLeft = async (api: ApiServer, name: string): Promise<Reply> => {
    const reply = await sync(api, name, 100_000);
    since[name] = reply.body.next_batch;
    return left(reply) ? reply : untilLeft(api, name);
  };
  {
    await using house = await openHouse({ fresh });
    roomId = house.roomId;
    Object.assign(tokens, { bob: house.bob, carol: house.carol, dave: house.dave });
    for (const name of ['bob', 'carol', 'dave'])
      since[name] = (
        await house.api.ask(`GET /sync?${HIDDEN}`, { token: tokens[name] })
      ).body.next_batch;
    const waiting = ['bob', 'dave'].map((name) => untilLeft(house.api, name));
    deleteId = (await house.root(`DELETE /v2/rooms/${roomId}`)).body.delete_id;
    const [bobs, daves] = await Promise.all(waiting);
    expect(left(bobs!)).toEqual(heard('bob'));
    // Who tells it elsewhere names the room besides.
    expect(bobs!.body.rooms.leave[roomId].timeline.events[0]).not.toHaveProperty('room_id');
    expect(bobs!.body.device_lists).toMatchObject({ left: ['@carol:example.org'] });
    expect(left(daves!)).toEqual(heard('dave'));
    await house.done(deleteId);
  }
  await using api = await startApi({ fresh });
  const carols = await untilLeft(api, 'carol');
  expect(left(carols)).toEqual(heard('carol'));
  expect(carols.body.device_lists).toMatchObject({ left: ['@bob:example.org'] });
  expect((await sync(api, 'carol', 0)).body.rooms).toBeUndefined();
  const initial = await api.ask('GET /sync', { token: tokens.carol });
  expect(initial.body.rooms).toBeUndefined();
});

test('its members are brought into a new room, which is told why, and which takes over its names', async () => {
  await using house = await openHouse();
  const { api, root, bob, carol, roomId } = house;
  const moderator = '@root:example.org';
  const order = await root(`DELETE /v1/rooms/${roomId}`, {
    ...{ new_room_user_id: moderator, room_name: 'Gone', message: 'It was spam' },
  });
  const newRoom = order.body.new_room_id as string;
  expect(order.body.kicked_users).toContain('@carol:example.org');
  const [{ delete_id }] = (await root(`GET /v2/rooms/${roomId}/delete_status`)).body.results;
  expect((await house.done(delete_id)).status).toBe('complete');
  for (const token of [bob, carol])
    expect((await api.ask('GET /joined_rooms', { token })).body.joined_rooms).toEqual([newRoom]);
  const alias = await api.ask('GET /directory/room/%23cats%3Aexample.org');
  expect(alias.body.room_id).toBe(newRoom);
  const said = await api.ask(`GET /rooms/${newRoom}/messages?dir=b&limit=1`, { token: carol });
  expect(said.body.chunk).toMatchObject([{ sender: moderator, content: { body: 'It was spam' } }]);
  const spoken = await api.ask(`PUT /rooms/${newRoom}/send/m.room.message/t`, {
    ...{ token: bob, body: { msgtype: 'm.text', body: 'why' } },
  });
  expect(errorOf(spoken)).toEqual([403, 'M_FORBIDDEN']);
});

test('without purge everybody leaves and forgets it, and it stays', async () => {
  await using house = await openHouse();
  const { api, root, bob, roomId } = house;
  const order = await root(`DELETE /v2/rooms/${roomId}`, { purge: false });
  await house.done(order.body.delete_id);
  expect((await api.ask('GET /joined_rooms', { token: bob })).body.joined_rooms).toEqual([]);
  const read = await api.ask(`GET /rooms/${roomId}/messages?dir=b`, { token: bob });
  expect(errorOf(read)).toEqual([403, 'M_FORBIDDEN']);
  expect((await root(`GET /v1/rooms/${roomId}`)).body).toMatchObject({ joined_members: 0 });
});

test('what was on its way when the room was deleted is left behind no more than the rest', async () => {
  await using house = await openHouse();
  const { api, bob, roomId } = house;
  const nid = await house.nidOf(roomId);
  const rooms = api.features.rooms;
  const held = await holdCommits(api.fresh.url);
  const before = house.say(bob, 'before');
  await held.untilOneWaits();
  const deletion = rooms.delete(roomId as never);
  const after = house.say(bob, 'behind');
  await api.features.rooms.aliasesOf(roomId as never);
  await held.release();
  await Promise.all([before, deletion]);
  // It may be another commit that waited.
  expect([200, 404]).toContain((await before).status);
  await after;
  expect(await rooms.open(roomId as never)).toBeUndefined();
  const late = await house.say(bob, 'late');
  expect(late.status).toBe(404);
  const position = api.writer.committed.position;
  const [later] = await api.fresh.database.query<{ count: number }>(
    'later',
    `SELECT count(*) AS count FROM event WHERE room_nid = $1 AND event_nid > (
       SELECT position FROM deleted_room WHERE room_nid = $1) AND event_nid <= $2`,
    [nid, position],
  );
  expect(later!.count).toBe(0);
});

test('a deletion that a writer left undone is done by the next one, and begun no second time meanwhile', async () => {
  await using fresh = await freshDatabase();
  let [roomId, nid, token] = ['', 0, ''];
  {
    await using house = await openHouse({ fresh });
    ({ roomId } = house);
    token = house.rootToken;
    nid = await house.nidOf(roomId);
    // So far that writer came.
    await house.api.features.rooms.delete(roomId as never);
    const asked = { block: false, purge: true, newRoom: null, message: null };
    await fresh.database.query(
      'left',
      `INSERT INTO long_order (order_id, kind, target, by, asked, told, status)
       VALUES ('left', 'delete-room', $1, '@root:example.org', $2, '{"kicked_users":[]}', 'active')`,
      [roomId, JSON.stringify(asked)],
    );
    expect(errorOf(await house.root(`DELETE /v2/rooms/${roomId}`))).toEqual([400, 'M_UNKNOWN']);
  }
  await using api = await startApi({ fresh });
  const house = rooted(api, token);
  expect(await house.done('left')).toMatchObject({ status: 'complete' });
  expect(Object.keys(await house.leftOf(nid, roomId))).toEqual([
    ...['current_state', 'deleted_room', 'membership'],
  ]);
});

test('of two who order the same deletion at once one is told that it is under way', async () => {
  await using house = await openHouse();
  const order = { new_room_user_id: '@root:example.org' };
  const both = await Promise.all(
    [order, order].map((body) => house.root(`DELETE /v2/rooms/${house.roomId}`, body)),
  );
  expect(both.map(({ status }) => status).sort()).toEqual([200, 400]);
});

test('after thirty days nothing is left of it', async () => {
  await using house = await openHouse();
  const { api, root, roomId } = house;
  const nid = await house.nidOf(roomId);
  await house.done((await root(`DELETE /v2/rooms/${roomId}`)).body.delete_id);
  const rounds = await house.keepHouse(29);
  expect(Object.keys(await house.leftOf(nid, roomId))).toHaveLength(3);
  await house.keepHouse(31);
  expect(await house.leftOf(nid, roomId)).toEqual({});
  expect(rounds).toEqual([]);
  expect((await api.ask('GET /sync', { token: house.carol })).body.rooms).toBeUndefined();
});

test('what an order that failed has left goes after thirty days, too', async () => {
  await using house = await openHouse();
  const { root, roomId } = house;
  const { database } = house.api.fresh;
  await house.say(house.bob, 'the secret word');
  const nid = await house.nidOf(roomId);
  await database.query('kept', `CREATE TABLE kept AS SELECT * FROM event WHERE room_nid = ${nid}`);
  await house.done((await root(`DELETE /v2/rooms/${roomId}`)).body.delete_id);
  await database.query('put_back', 'INSERT INTO event SELECT * FROM kept');
  await database.query('dropped', 'DROP TABLE kept');
  expect(await house.leftOf(nid, roomId)).toHaveProperty('event');
  await house.keepHouse(31);
  expect(await house.leftOf(nid, roomId)).toEqual({});
});

test('a room that is not here is blocked where that is asked for; an order that is nowhere is not found', async () => {
  await using house = await openHouse();
  const { root } = house;
  const nowhere = '!nowhere:example.org';
  const order = await root(`DELETE /v2/rooms/${nowhere}`, { block: true });
  expect(await house.done(order.body.delete_id)).toMatchObject({
    ...{ status: 'complete', shutdown_room: { kicked_users: [] } },
  });
  expect((await root(`GET /v1/rooms/${nowhere}/block`)).body.block).toBe(true);
  for (const request of [
    'GET /v2/rooms/!none:example.org/delete_status',
    'GET /v2/rooms/delete_status/none',
  ])
    expect(errorOf(await root(request))).toEqual([404, 'M_NOT_FOUND']);
  const stranger = { new_room_user_id: '@far:elsewhere.org' };
  expect((await root(`DELETE /v2/rooms/${house.roomId}`, stranger)).status).toBe(400);
});

/** Bob's room, with carol in it and dave invited. */
async function openHouse({ fresh }: { fresh?: FreshDatabase } = {}) {
  const api = await startApi({ ...(fresh && { fresh }), search: ['simple'] });
  const rootToken = await api.register('root', 'DESK', { admin: true });
  const [bob, carol, dave] = [
    await api.register('bob'),
    await api.register('carol'),
    await api.register('dave'),
  ];
  const body = {
    ...{ preset: 'public_chat', visibility: 'public', room_alias_name: 'cats' },
    invite: ['@dave:example.org'],
  };
  const roomId = (await api.ask('POST /createRoom', { token: bob, body })).body.room_id as string;
  await api.ask(`POST /join/${roomId}`, { token: carol });
  let said = 0;
  return {
    ...rooted(api, rootToken),
    ...{ api, rootToken, bob, carol, dave, roomId },
    say: (token: string, body: string) =>
      api.ask(`PUT /rooms/${roomId}/send/m.room.message/${said++}`, {
        ...{ token, body: { msgtype: 'm.text', body } },
      }),
    async found(search_term: string): Promise<number> {
      const body = { search_categories: { room_events: { search_term } } };
      const reply = await api.ask('POST /search', { token: bob, body });
      return reply.body.search_categories.room_events.count;
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
    },
  };
}

function rooted(api: ApiServer, token: string) {
  const root = (request: string, body?: unknown) => {
    const [method, path] = request.split(' ');
    return api.ask(`${method} ${path!.startsWith('/_farol') ? '' : AT}${path}`, { token, body });
  };
  const { database } = api.fresh;
  return {
    root,
    async done(deleteId: string) {
      const at = `GET /v2/rooms/delete_status/${deleteId}`;
      await expect.poll(async () => (await root(at)).body.status).not.toBe('active');
      return (await root(at)).body;
    },
    async nidOf(roomId: string): Promise<number> {
      const [row] = await database.query<{ nid: number }>(
        ...['nid', 'SELECT room_nid AS nid FROM room WHERE room_id = $1', [roomId]],
      );
      return row!.nid;
    },
    /** By table, how many rows are of the room: in whichever table has a column for one. */
    async leftOf(nid: number, roomId: string): Promise<Record<string, number>> {
      const columns = await database.query<{ table: string; column: string }>(
        'columns',
        `SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns
         WHERE table_schema = 'public' AND column_name IN ('room_nid', 'room_id') ORDER BY 1, 2`,
      );
      const left: Record<string, number> = {};
      for (const { table, column } of columns) {
        const value = column === 'room_nid' ? nid : roomId;
        const [row] = await database.query<{ count: number }>(
          `left of ${table} ${column}`,
          `SELECT count(*) AS count FROM ${table} WHERE ${column} = $1`,
          [value],
        );
        if (row!.count > 0) left[table] = row!.count;
      }
      return left;
    },
    /** One round, so many days later. */
    async keepHouse(days: number): Promise<readonly unknown[]> {
      const end = new AbortController();
      const errors: unknown[] = [];
      await keepHouse(database, {
        ...{ signal: end.signal, epoch: api.writer.epoch, clock: api.writer.clock },
        now: () => api.clock.ms + days * 24 * 3_600_000,
        onError: (error) => errors.push(error),
        pause: async () => end.abort(),
      });
      return errors;
    },
  };
}
