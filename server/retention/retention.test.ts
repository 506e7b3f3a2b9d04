import { expect, test } from 'vitest';
import { startApi } from '../../test/support/api-server.ts';
import { Retention } from './retention.ts';

const DAY_MS = 24 * 3_600_000;
const NO_BOUNDS = {
  defaultLifetimeMs: undefined,
  lifetimeMsMin: undefined,
  lifetimeMsMax: undefined,
};

interface Event {
  readonly type: string;
  readonly event_id: string;
  readonly state_key?: string;
  readonly content: { readonly body?: string; readonly topic?: string };
}

test('from the moment on when its time is over nothing shows what was said, though it is not purged yet', async () => {
  await using house = await openHouse();
  const { api, token, roomId } = house;
  const root = await house.say('the old word');
  const edit = { 'm.new_content': { body: 'edited' }, 'm.relates_to': relation('m.replace', root) };
  await house.say('* edited', edit);
  await house.say('in a thread', { 'm.relates_to': relation('m.thread', root) });
  const { next_batch } = (await api.ask('GET /sync', { token })).body;
  await expect.poll(() => house.found('old')).toBe(1);
  const shows = async () => {
    const room = `/rooms/${roomId}`;
    const synced = (await api.ask('GET /sync', { token })).body.rooms.join[roomId];
    const messages = (await api.ask(`GET ${room}/messages?dir=b&limit=100`, { token })).body.chunk;
    const at = `/_matrix/client/v1${room}`;
    return {
      synced: said(synced.timeline.events),
      messages: said(messages),
      event: (await api.ask(`GET ${room}/event/${root}`, { token })).status,
      context: (await api.ask(`GET ${room}/context/${root}`, { token })).status,
      relations: (await api.ask(`GET ${at}/relations/${root}`, { token })).body.chunk?.length ?? 0,
      threads: (await api.ask(`GET ${at}/threads`, { token })).body.chunk.length,
      found: await house.found('old'),
      listed: (
        await api.ask(`GET /_synapse/admin/v1/rooms/${roomId}/messages?dir=b`, { token })
      ).body.chunk.filter(isMessage).length,
    };
  };
  const nothing = { synced: [], messages: [], relations: 0, threads: 0, found: 0, listed: 0 };
  api.clock.ms += DAY_MS;
  expect(await shows()).toMatchObject({ event: 200, threads: 1, found: 1, listed: 3 });
  api.clock.ms += 1;
  expect(await shows()).toEqual({ ...nothing, event: 404, context: 404 });
  await house.say('new');
  const later = (await api.ask(`GET /sync?since=${next_batch}`, { token })).body;
  expect(said(later.rooms.join[roomId].timeline.events)).toEqual(['new']);
  expect((await house.state('m.room.topic')).topic).toBe('T');
  const all = await api.ask(`GET /rooms/${roomId}/messages?dir=b&limit=100`, { token });
  const types = (all.body.chunk as Event[]).map(({ type }) => type);
  expect(types).toEqual(expect.arrayContaining(['m.room.create', 'm.room.topic']));
});

test('it is purged, in pieces, with what stands beside it; state, redactions of state and the end of the room stay', async () => {
  await using house = await openHouse();
  const { api, token, roomId } = house;
  const { event_id: named } = (
    await api.ask(`PUT /rooms/${roomId}/state/m.room.name`, {
      ...{ token, body: { name: 'to be redacted' } },
    })
  ).body;
  await api.ask(`PUT /rooms/${roomId}/redact/${named}/1`, { token, body: {} });
  const root = await house.say('root');
  await house.say('in a thread', { 'm.relates_to': relation('m.thread', root) });
  const gone = await house.say('redacted');
  await api.ask(`PUT /rooms/${roomId}/redact/${gone}/2`, { token, body: {} });
  await house.say('unreadable \u0000 \ud800', { 'm.relates_to': { event_id: '\u0000' } });
  for (let number = 0; number < 1_100; number += 100)
    await Promise.all(Array.from({ length: 100 }, (_, index) => house.say(`${number + index}`)));
  await expect.poll(() => house.found('root')).toBe(1);
  api.clock.ms += DAY_MS + 1;
  await house.purge();
  expect(await house.count('event', `state_key IS NULL AND type <> 'm.room.redaction'`)).toBe(1);
  expect(await house.count('event', `type = 'm.room.redaction'`)).toBe(1);
  for (const table of ['relation', 'thread']) expect(await house.count(table, 'true')).toBe(0);
  expect(await house.count('search_document', `key = 'content.body'`)).toBeLessThanOrEqual(1);
  expect(await house.state('m.room.name')).toEqual({});
  const last = await house.say('goes on');
  await house.purge();
  expect(await house.count('event', `state_key IS NULL AND type <> 'm.room.redaction'`)).toBe(1);
  const members = await api.ask(`GET /rooms/${roomId}/joined_members`, { token });
  expect(Object.keys(members.body.joined)).toHaveLength(1);
  const event = await api.ask(`GET /rooms/${roomId}/event/${last}`, { token });
  expect(event.body.content.body).toBe('goes on');
});

test('a room that says nothing keeps everything, or what the operator says; and one that says something is bounded', async () => {
  await using house = await openHouse({ defaultLifetimeMs: 2 * DAY_MS, lifetimeMsMin: 3 * DAY_MS });
  const { api, token } = house;
  const body = { preset: 'private_chat' };
  const other = (await api.ask('POST /createRoom', { token, body })).body.room_id as string;
  for (const room of [house.roomId, other]) {
    await house.say('early', {}, room);
    await house.say('late', {}, room);
  }
  const shown = async (room: string) =>
    said((await api.ask(`GET /rooms/${room}/messages?dir=b`, { token })).body.chunk).length;
  api.clock.ms += 2 * DAY_MS + 1;
  await house.purge();
  expect([await shown(house.roomId), await shown(other)]).toEqual([2, 0]);
  api.clock.ms += DAY_MS;
  expect(await shown(house.roomId)).toBe(0);
});

test('what no bound is told of is kept, also where a room would not keep it', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  const { room_id } = (await api.ask('POST /createRoom', { token, body: roomWith(DAY_MS) })).body;
  const at = `PUT /rooms/${room_id}/send/m.room.message/1`;
  const { event_id } = (await api.ask(at, { token, body: { body: 'kept' } })).body;
  api.clock.ms += 100 * DAY_MS;
  expect((await api.ask(`GET /rooms/${room_id}/event/${event_id}`, { token })).status).toBe(200);
});

test('the last message of a room that was silent for long goes when another one follows, state of years beside it', async () => {
  await using house = await openHouse();
  const retention = house.retention();
  await house.say('the last for long');
  house.api.clock.ms += 100 * DAY_MS;
  await retention.round(0);
  expect(await house.count('event', `type = 'm.room.message'`)).toBe(1);
  await house.say('the next');
  await retention.round(0);
  expect(await house.count('event', `type = 'm.room.message'`)).toBe(1);
  house.api.clock.ms += 100 * DAY_MS;
  await house.say('one more');
  await retention.round(0);
  expect(await house.count('event', `type = 'm.room.message'`)).toBe(1);
});

const relation = (rel_type: string, event_id: string) => ({ rel_type, event_id });
const isMessage = ({ type }: Event) => type === 'm.room.message';
const said = (events: readonly Event[]) =>
  events.filter(isMessage).map(({ content }) => content.body);
const roomWith = (max_lifetime: number) => ({
  topic: 'T',
  initial_state: [{ type: 'm.room.retention', content: { max_lifetime } }],
});

/** A room that keeps what is said for a day. */
async function openHouse(
  bounds: Partial<typeof NO_BOUNDS | Record<keyof typeof NO_BOUNDS, number>> = {},
) {
  const retention = { ...NO_BOUNDS, ...bounds };
  const api = await startApi({ retention, search: ['simple'] });
  const token = await api.register('alice', 'DESK', { admin: true });
  const body = roomWith(DAY_MS);
  const roomId = (await api.ask('POST /createRoom', { token, body })).body.room_id as string;
  const { database } = api.fresh;
  const errors: unknown[] = [];
  const ports = { database, bounds: retention, now: () => api.clock.ms };
  let sent = 0;
  return {
    ...{ api, token, roomId },
    retention: () => new Retention({ ...ports, onError: (error) => errors.push(error) }),
    async purge() {
      await new Retention({ ...ports, onError: (error) => errors.push(error) }).round(0);
    },
    async say(text: string, more: object = {}, room = roomId): Promise<string> {
      const reply = await api.ask(`PUT /rooms/${room}/send/m.room.message/s${sent++}`, {
        ...{ token, body: { msgtype: 'm.text', body: text, ...more } },
      });
      return reply.body.event_id;
    },
    async state(type: string) {
      return (await api.ask(`GET /rooms/${roomId}/state/${type}`, { token })).body;
    },
    async found(search_term: string): Promise<number> {
      const search = { search_categories: { room_events: { search_term } } };
      const reply = await api.ask('POST /search', { token, body: search });
      return reply.body.search_categories.room_events.count;
    },
    async count(table: string, condition: string): Promise<number> {
      const [row] = await database.query<{ count: number }>(
        `count of ${table} ${condition}`,
        `SELECT count(*) AS count FROM ${table} WHERE ${condition}`,
        [],
      );
      return row!.count;
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}
