import { beforeAll, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import {
  aliceAndBob,
  bodiesOf,
  idOf,
  keysOf,
  type Person,
  pagedBack,
  personAt,
  VERSIONS,
} from '../../../test/support/two-servers.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

test.each(VERSIONS)(
  'who joins a room of another server pages back to its very first event (version %s)',
  async (version) => {
    const [alice, bob] = await aliceAndBob(authority);
    const roomId = await alice.createRoom({ room_version: version, name: 'Castle' });
    for (const body of ['a', 'b', 'c']) await alice.say(roomId, body);
    await joins(bob, roomId, alice);
    const seen = await wholeHistory(bob, roomId);
    expect(seen.map(idOf)).toEqual((await wholeHistory(alice, roomId)).map(idOf));
    expect(keysOf(seen).at(-1)).toBe('m.room.create');
    expect(bodiesOf(seen)).toEqual(['c', 'b', 'a']);
  },
);

test('who joins a room of another server finds what was said before by its time', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const { clock } = alice.server;
  const made = clock.ms;
  const roomId = await alice.createRoom();
  const said: { id: string; ms: number }[] = [];
  for (const body of ['a', 'b']) {
    clock.ms += 1_000;
    said.push({ id: (await alice.say(roomId, body)).event_id as string, ms: clock.ms });
  }
  bob.server.clock.ms = clock.ms + 10_000;
  await joins(bob, roomId, alice);
  const nearest = (ms: number, dir: string) => nearestOf(bob, roomId, ms, dir);
  const [a, b] = said as [{ id: string; ms: number }, { id: string; ms: number }];
  expect(await nearest(b.ms + 500, 'b')).toEqual({ event_id: b.id, origin_server_ts: b.ms });
  expect(await nearest(made + 500, 'f')).toEqual({ event_id: a.id, origin_server_ts: a.ms });
  expect(await nearest(made - 1, 'b')).toMatchObject({ errcode: 'M_NOT_FOUND' });
  const { start } = await bob.get(`/rooms/${encodeURIComponent(roomId)}/context/${b.id}?limit=0`);
  const { chunk } = await page(bob, roomId, `dir=b&from=${start}`);
  expect(bodiesOf(chunk as JsonObject[])).toEqual(['a']);
});

test('messages that say they stand at the beginning of the room hide nothing from who looks for a time before', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const { clock } = alice.server;
  const roomId = await alice.createRoom();
  clock.ms += 1_000;
  const { event_id } = await alice.say(roomId, 'a');
  bob.server.clock.ms = clock.ms + 10_000;
  await joins(bob, roomId, alice);
  const claim = 'UPDATE event SET depth = $2 WHERE event_id = $1';
  for (const depth of [2, 1]) {
    const said = await bob.say(roomId, `at ${depth}`);
    await bob.server.fresh.database.query('set_depth', claim, [said.event_id as string, depth]);
  }
  const found = await nearestOf(bob, roomId, clock.ms + 500, 'b');
  expect(found).toEqual({ event_id, origin_server_ts: clock.ms });
});

test('earlier history is in no /sync, and nothing in the room changes by it', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const roomId = await alice.createRoom({ name: 'Ruin' });
  await set(alice, roomId, 'm.room.name', { name: 'Castle' });
  await alice.say(roomId, 'a');
  await joins(bob, roomId, alice);
  const before = await bob.server.ask('GET /sync', { token: bob.token });
  expect(bodiesOf(await wholeHistory(bob, roomId))).toEqual(['a']);
  const since = before.body.next_batch as string;
  const after = await bob.server.ask(`GET /sync?since=${since}`, { token: bob.token });
  expect(after.body.rooms).toBeUndefined();
  const again = await bob.server.ask('GET /sync', { token: bob.token });
  expect(withoutUnsigned(again.body.rooms)).toEqual(withoutUnsigned(before.body.rooms));
});

test('what was said before a gap that could not be closed is not told as just before it, and paging back finds all', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const roomId = await alice.createRoom();
  await joins(bob, roomId, alice);
  const begin = (await bob.server.ask('GET /sync', { token: bob.token })).body.next_batch;
  await bob.say(roomId, 'before');
  const said = Array.from({ length: 300 }, (_, index) => `${index}`);
  await expect.poll(async () => bodiesOf(await wholeHistory(alice, roomId))).toEqual(['before']);
  await bob.server.reachable(false);
  for (const body of said) await alice.say(roomId, body);
  await bob.server.reachable(true);
  await bob.get(`/profile/${encodeURIComponent(alice.userId)}`);
  const filter = encodeURIComponent(JSON.stringify({ room: { timeline: { limit: 500 } } }));
  const told = async () => {
    const path = `GET /sync?since=${begin}&filter=${filter}`;
    const { body } = await bob.server.ask(path, { token: bob.token });
    return body.rooms?.join?.[roomId]?.timeline;
  };
  await expect
    .poll(async () => bodiesOf((await told())?.events ?? []).at(-1), { timeout: 30_000 })
    .toBe('299');
  const { events, limited, prev_batch } = await told();
  expect(limited).toBe(true);
  expect(bodiesOf(events)).toEqual(said.slice(-events.length));
  const first = encodeURIComponent(idOf(events[0]) as string);
  const context = `GET /rooms/${encodeURIComponent(roomId)}/context/${first}?limit=20`;
  const { body } = await bob.server.ask(context, { token: bob.token });
  const before = said.slice(0, -events.length).toReversed();
  expect(bodiesOf(body.events_before as JsonObject[])).toEqual(before.slice(0, 10));
  const back = await pagedBack((query) => page(bob, roomId, query), 100, prev_batch);
  expect(bodiesOf([...back.toReversed(), ...events])).toEqual(['before', ...said]);
  // Who syncs from before it later has not seen them either.
  expect((await told()).limited).toBe(true);
});

test('a long history is there whole, however it is paged', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const roomId = await alice.createRoom();
  for (let said = 0; said < 230; said++) await alice.say(roomId, `${said}`);
  await joins(bob, roomId, alice);
  const all = (await wholeHistory(alice, roomId, 100)).map(idOf);
  expect((await wholeHistory(bob, roomId, 37)).map(idOf)).toEqual(all);
  expect((await page(bob, roomId, 'dir=b&limit=500')).chunk).toHaveLength(all.length);
});

test('a filter that passes all by that is here looks further back, too', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const roomId = await alice.createRoom();
  await alice.say(roomId, 'a');
  await joins(bob, roomId, alice);
  const filter = encodeURIComponent(JSON.stringify({ types: ['m.room.message'] }));
  const { chunk } = await page(bob, roomId, `dir=b&filter=${filter}`);
  expect(bodiesOf(chunk as JsonObject[])).toEqual(['a']);
});

test('what was said while nobody of a server was in the room is found by who came back', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const roomId = await alice.createRoom();
  await joins(bob, roomId, alice);
  await leaves(bob, roomId, alice);
  await alice.say(roomId, 'meanwhile');
  await joins(bob, roomId, alice);
  const seen = await wholeHistory(bob, roomId);
  expect(seen.map(idOf)).toEqual((await wholeHistory(alice, roomId)).map(idOf));
  expect(bodiesOf(seen)).toEqual(['meanwhile']);
});

test('who has left is not shown what was said behind that, though others fetch it', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const carol = await personAt(bob.server, 'carol');
  const roomId = await alice.createRoom();
  await alice.say(roomId, 'first');
  await joins(bob, roomId, alice);
  await leaves(bob, roomId, alice);
  await alice.say(roomId, 'meanwhile');
  await joins(carol, roomId, alice);
  expect(bodiesOf(await wholeHistory(carol, roomId))).toEqual(['meanwhile', 'first']);
  expect(bodiesOf(await wholeHistory(bob, roomId))).toEqual(['first']);
  const forth = await page(bob, roomId, 'dir=f&limit=100');
  expect(bodiesOf(forth.chunk as JsonObject[])).toEqual(['first']);
});

test('of earlier history one sees what its history visibility lets them', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const hidden = { type: VISIBILITY, content: { history_visibility: 'joined' } };
  const roomId = await alice.createRoom({ initial_state: [hidden] });
  await alice.say(roomId, 'hidden');
  await set(alice, roomId, VISIBILITY, { history_visibility: 'shared' });
  await alice.say(roomId, 'shown');
  await joins(bob, roomId, alice);
  const seen = await wholeHistory(bob, roomId);
  expect(bodiesOf(seen)).toEqual(['shown']);
});

test('what relates to earlier history is shown along with it', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const roomId = await alice.createRoom();
  const { event_id: said } = await alice.say(roomId, 'a');
  const edit = { msgtype: 'm.text', body: '* b' };
  const content = {
    ...edit,
    'm.new_content': { msgtype: 'm.text', body: 'b' },
    'm.relates_to': { rel_type: 'm.replace', event_id: said as string },
  };
  const path = `/rooms/${encodeURIComponent(roomId)}/send/m.room.message/edit`;
  const { event_id: edited } = await alice.put(path, content);
  await joins(bob, roomId, alice);
  const found = (await wholeHistory(bob, roomId)).find(({ event_id }) => event_id === said);
  expect(found?.unsigned).toMatchObject({
    'm.relations': { 'm.replace': { event_id: edited, content: edit } },
  });
});

test('an event is shown with what other servers have before it', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const roomId = await alice.createRoom();
  await alice.say(roomId, 'a');
  await joins(bob, roomId, alice);
  const { event_id: said } = await bob.say(roomId, 'b');
  const at = `/rooms/${encodeURIComponent(roomId)}/context/${encodeURIComponent(said as string)}`;
  const { body } = await bob.server.ask(`GET ${at}?limit=20`, { token: bob.token });
  expect(bodiesOf(body.events_before as JsonObject[])).toEqual(['a']);
});

const VISIBILITY = 'm.room.history_visibility';

async function joins(who: Person, roomId: RoomId, via: Person) {
  expect((await who.join(roomId, via.server)).status).toBe(200);
}

const nearestOf = (who: Person, roomId: RoomId, ms: number, dir: string) =>
  who.get(
    `/_matrix/client/v1/rooms/${encodeURIComponent(roomId)}/timestamp_to_event?ts=${ms}&dir=${dir}`,
  );

async function page(who: Person, roomId: RoomId, query: string): Promise<JsonObject> {
  const path = `GET /rooms/${encodeURIComponent(roomId)}/messages?${query}`;
  const { status, body } = await who.server.ask(path, { token: who.token });
  expect(status).toBe(200);
  return body;
}

const wholeHistory = (who: Person, roomId: RoomId, limit = 4) =>
  pagedBack((query) => page(who, roomId, query), limit);

const withoutUnsigned = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, each) => (key === 'unsigned' ? undefined : each)));

const set = (who: Person, roomId: RoomId, type: string, content: JsonObject) =>
  who.put(`/rooms/${encodeURIComponent(roomId)}/state/${type}/`, content);

/** Until the other server has heard of it. */
async function leaves(who: Person, roomId: RoomId, from: Person): Promise<void> {
  const at = `/rooms/${encodeURIComponent(roomId)}`;
  await who.post(`${at}/leave`);
  const { server, token } = from;
  await expect
    .poll(async () => (await server.ask(`GET ${at}/joined_members`, { token })).body.joined)
    .not.toHaveProperty(who.userId);
}
