import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { openRoomServer } from '../../../test/support/room-server.ts';
import { alice, bob, bodiesIn } from '../../../test/support/rooms.ts';
import type { EventId, RoomId } from '../../protocol/identifiers.ts';

test('a message is sent, and its repeat is answered with the same event', async () => {
  await using bench = await workbench();
  const path = `/rooms/${bench.room}/send/m.room.message/t1`;
  const [first, joined] = await Promise.all([
    bench.ask('alice', 'PUT', path, { body: 'hello' }),
    bench.ask('alice', 'PUT', path, { body: 'hello' }),
  ]);
  const later = await bench.ask('alice', 'PUT', path, { body: 'hello' });
  expect(first).toEqual({ status: 200, json: { event_id: expect.stringMatching(/^\$.{43}$/) } });
  expect([joined, later]).toEqual([first, first]);
  expect(await bodiesIn(bench, bench.roomId)).toEqual(['hello']);
});

test('old clients send without a transaction, and each time it is another event', async () => {
  await using bench = await workbench();
  const path = `/rooms/${bench.room}/send/m.room.message`;
  const sent = [];
  for (const body of ['one', 'one'])
    sent.push((await bench.ask('alice', 'POST', path, { body })).json.event_id);
  expect(new Set(sent).size).toBe(2);
  expect(await bodiesIn(bench, bench.roomId)).toEqual(['one', 'one']);
});

test('a repeat after a restart is answered with the same event', async () => {
  await using bench = await workbench();
  const path = `/rooms/${bench.room}/send/m.room.message/t1`;
  const first = await bench.ask('alice', 'PUT', path, { body: 'hello' });
  await using restarted = await openRoomServer(bench.fresh);
  expect(await restarted.ask('alice', 'PUT', path, { body: 'hello' })).toEqual(first);
  expect(await bodiesIn(restarted, bench.roomId)).toEqual(['hello']);
});

test('only the device that sent an event is told its transaction id, also after a restart', async () => {
  await using bench = await workbench();
  await bench.invite('bob');
  const path = `/rooms/${bench.room}/send/m.room.message/my%20id`;
  const { json } = await bench.ask('alice', 'PUT', path, { body: 'hello' });
  await using restarted = await openRoomServer(bench.fresh);
  const event = `/rooms/${bench.room}/event/${json.event_id}`;
  const own = await restarted.ask('alice', 'GET', event);
  expect(own.json).toMatchObject({
    content: { body: 'hello' },
    room_id: bench.roomId,
    unsigned: { transaction_id: 'my id', membership: 'join' },
  });
  const others = await restarted.ask('bob', 'GET', event);
  expect(others.json.unsigned).not.toHaveProperty('transaction_id');
});

test('state is set and read, with and without a key', async () => {
  await using bench = await workbench();
  const at = `/rooms/${bench.room}/state/m.room.topic`;
  const set = await bench.ask('alice', 'PUT', `${at}/`, { topic: 'one' });
  expect(set.status).toBe(200);
  expect((await bench.ask('alice', 'PUT', at, { topic: 'one' })).json).toEqual(set.json);
  for (const path of [at, `${at}/`])
    expect((await bench.ask('alice', 'GET', path)).json).toEqual({ topic: 'one' });
  const whole = await bench.ask('alice', 'GET', `${at}?format=event`);
  expect(whole.json).toMatchObject({ event_id: set.json.event_id, state_key: '', sender: alice });

  const keyed = `/rooms/${bench.room}/state/org.example.thing/a%2Fb`;
  await bench.ask('alice', 'PUT', keyed, { n: 1 });
  expect((await bench.ask('alice', 'GET', keyed)).json).toEqual({ n: 1 });
  expect(
    await bench.ask('alice', 'GET', `/rooms/${bench.room}/state/org.example.thing`),
  ).toMatchObject({
    status: 404,
    json: { errcode: 'M_NOT_FOUND' },
  });
});

test('the whole state is a list of events', async () => {
  await using bench = await workbench();
  const { json } = await bench.ask('alice', 'GET', `/rooms/${bench.room}/state`);
  const types = (json as unknown as { type: string }[]).map((event) => event.type).sort();
  expect(types).toEqual([
    'm.room.create',
    'm.room.guest_access',
    'm.room.history_visibility',
    'm.room.join_rules',
    'm.room.member',
    'm.room.power_levels',
  ]);
});

test('a redaction by the endpoint takes the content away', async () => {
  await using bench = await workbench();
  const sent = await bench.ask('alice', 'PUT', `/rooms/${bench.room}/send/m.room.message/t`, {
    body: 'regret',
  });
  const path = `/rooms/${bench.room}/redact/${sent.json.event_id}/t2`;
  const redaction = await bench.ask('alice', 'PUT', path, { reason: 'spam' });
  expect(await bench.ask('alice', 'PUT', path, { reason: 'spam' })).toEqual(redaction);
  const { json } = await bench.ask(
    'alice',
    'GET',
    `/rooms/${bench.room}/event/${sent.json.event_id}`,
  );
  expect(json).toMatchObject({
    content: {},
    unsigned: { redacted_because: { event_id: redaction.json.event_id } },
  });
});

test.each([
  ['10', { reason: 'spam' }, true],
  ['11', { reason: 'spam', redacts: expect.any(String) }, false],
])(
  'a redaction sent like any event says in a room of version %s where it belongs what it redacts',
  async (room_version, content, atTheTop) => {
    await using bench = await workbench();
    const made = await bench.ask('alice', 'POST', '/createRoom', { room_version });
    const at = `/rooms/${encodeURIComponent(made.json.room_id as RoomId)}`;
    const said = await bench.ask('alice', 'PUT', `${at}/send/m.room.message/t`, { body: 'regret' });
    const redacts = said.json.event_id;
    const wish = { redacts, reason: 'spam' };
    const sent = await bench.ask('alice', 'PUT', `${at}/send/m.room.redaction/t2`, wish);
    expect(sent.status).toBe(200);
    expect((await bench.ask('alice', 'GET', `${at}/event/${redacts}`)).json.content).toEqual({});
    const [stored] = await bench.fresh.database.query<{ json: string }>(
      'test_event',
      'SELECT json FROM event WHERE event_id = $1',
      [sent.json.event_id as EventId],
    );
    const pdu = JSON.parse(stored!.json);
    expect([pdu.content, pdu.redacts]).toEqual([content, atTheTop ? redacts : undefined]);
  },
);

test('an alias that leads elsewhere is not made canonical', async () => {
  await using bench = await workbench();
  const other = await bench.rooms.create(alice, { room_alias_name: 'other' }, {});
  const at = `/rooms/${bench.room}/state/m.room.canonical_alias`;
  expect(await bench.ask('alice', 'PUT', at, { alias: '#other:example.org' })).toMatchObject({
    status: 400,
    json: { errcode: 'M_BAD_ALIAS' },
  });
  expect(await bench.ask('alice', 'PUT', at, { alt_aliases: ['other'] })).toMatchObject({
    status: 400,
    json: { errcode: 'M_INVALID_PARAM' },
  });
  const rightly = `/rooms/${encodeURIComponent(other)}/state/m.room.canonical_alias`;
  const body = { alias: '#other:example.org', alt_aliases: [] };
  expect((await bench.ask('alice', 'PUT', rightly, body)).status).toBe(200);
});

test.each<[string, string, string, unknown, number, string]>([
  ['a message of somebody outside', 'bob', 'PUT /send/m.room.message/t', {}, 403, 'M_FORBIDDEN'],
  ['state set from outside', 'bob', 'PUT /state/m.room.topic', {}, 403, 'M_FORBIDDEN'],
  ['a second create event', 'alice', 'PUT /state/m.room.create', {}, 400, 'M_INVALID_PARAM'],
  ["another's state key", 'alice', 'PUT /state/x/@bob:example.org', {}, 403, 'M_FORBIDDEN'],
  ['a number that is none', 'alice', 'PUT /send/x/t', { n: 0.5 }, 400, 'M_BAD_JSON'],
  ['a body that is no object', 'alice', 'PUT /send/x/t', [1], 400, 'M_BAD_JSON'],
  ['an event too large', 'alice', 'PUT /send/x/t', { x: 'x'.repeat(70_000) }, 413, 'M_TOO_LARGE'],
  ['a type too long', 'alice', `PUT /send/${'x'.repeat(300)}/t`, {}, 400, 'M_BAD_JSON'],
  ['a state key with U+0000', 'alice', 'PUT /state/x/%00', {}, 400, 'M_INVALID_PARAM'],
  ['a redaction of nothing', 'alice', 'PUT /redact/$none/t', {}, 404, 'M_NOT_FOUND'],
  ['an event that is not there', 'alice', 'GET /event/$none', undefined, 404, 'M_NOT_FOUND'],
  ['state asked from outside', 'bob', 'GET /state', undefined, 403, 'M_FORBIDDEN'],
])('%s is refused', async (_what, user, request, body, status, errcode) => {
  await using bench = await workbench();
  const [method, path] = request.split(' ') as [string, string];
  const answer = await bench.ask(user, method, `/rooms/${bench.room}${path}`, body);
  expect([answer.status, answer.json.errcode]).toEqual([status, errcode]);
});

async function workbench() {
  const fresh = await freshDatabase();
  const server = await openRoomServer(fresh);
  const { json } = await server.ask('alice', 'POST', '/createRoom', {});
  const roomId = json.room_id as RoomId;
  const room = encodeURIComponent(roomId);
  return {
    ...server,
    fresh,
    roomId,
    room,
    async invite(user: string) {
      await server.ask('alice', 'POST', `/rooms/${room}/invite`, { user_id: bob });
      await server.ask(user, 'POST', `/join/${room}`);
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}
