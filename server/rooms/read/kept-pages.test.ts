import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { openRoomServer } from '../../../test/support/room-server.ts';
import { alice, bob } from '../../../test/support/rooms.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { RoomEvent } from '../room-event.ts';
import type { PageEntry, PageQuery } from '../store.ts';
import { EventCache } from './event-cache.ts';
import { KeptPages } from './kept-pages.ts';

const query: PageQuery = {
  ...{ roomNid: 1, from: { depth: 9, nid: 9 }, direction: 'b', limit: 10 },
  ...{ types: null, senders: null },
};

test('a page is taken from memory where the last that was read of its room was there already', async () => {
  const { pages, events, put } = keeping([entry(2), entry(1)]);
  expect(await pages.of(query)).toBeUndefined();
  pages.wasRead(1, [{ nid: 2 }, { nid: 1 }]);
  put(2, 1);
  expect(await pages.of(query)).toBeUndefined();
  pages.wasRead(1, [{ nid: 2 }, { nid: 1 }]);
  expect((await pages.of(query))?.map(({ nid }) => nid)).toEqual([2, 1]);
  expect(await pages.of({ ...query, roomNid: 2 })).toBeUndefined();
  events.forgetRoom('!r' as RoomEvent['roomId']);
  expect(await pages.of(query)).toBeUndefined();
});

test.each<Partial<PageEntry>>([
  { depth: 7 },
  { position: 7 },
  { stateBefore: 7 },
  { stateAfter: 7 },
])('an event that stands elsewhere than it did is read again: %o', async (moved) => {
  const { pages, put } = keeping([{ ...entry(2), ...moved }]);
  put(2);
  pages.wasRead(1, [{ nid: 2 }]);
  expect(await pages.of(query)).toBeUndefined();
  put(2);
  expect(await pages.of(query)).toBeUndefined();
});

test('what was refused as it was kept is read again', async () => {
  const { pages, events } = keeping([entry(2)]);
  events.put({ ...event(2), isRefused: true });
  pages.wasRead(1, [{ nid: 2 }]);
  expect(await pages.of(query)).toBeUndefined();
});

test('what was read before a redaction is kept as that left it', () => {
  const { events } = keeping([]);
  const begun = events.beginRead();
  events.putRedacted(event(2));
  expect(events.putRead(secret(2), begun).content).toEqual({});
  expect(events.entered(entry(2))?.content).toEqual({});
});

test.each([
  ['many came behind it', 0],
  ['older ones are asked for again and again', 999],
])(
  'what was read before a redaction is not kept where that is forgotten, since %s',
  (_why, older) => {
    const { events } = keeping([]);
    const redact = (from: number, count: number) => {
      for (let nid = from; nid < from + count; nid++) events.putRedacted(event(nid));
    };
    redact(10_000, older);
    const begun = events.beginRead();
    redact(2, 1);
    for (let nid = 10_000; nid < 10_000 + older; nid++) events.shown(event(nid));
    redact(20_000, 1_000 - older);
    events.putRead(secret(2), begun);
    expect(events.has(2)).toBe(false);
    events.putRead(event(2), events.beginRead());
    expect(events.has(2)).toBe(true);
  },
);

test('pages from memory are those that are read, in either direction and of what a filter lets through', async () => {
  await using house = await houseOf(['0', '1', '2']);
  for (const query of [
    'dir=b&limit=100',
    'dir=f&limit=100',
    'dir=b&limit=2',
    `dir=b&limit=5&filter=${encodeURIComponent('{"types":["m.room.message"]}')}`,
  ]) {
    const pages = [];
    for (let time = 0; time < 3; time++) pages.push(await house.page(query));
    expect(pages[1]).toEqual(pages[0]);
    expect(pages[2]).toEqual(pages[0]);
  }
});

test('a page from memory holds what was said since, and nothing that was redacted', async () => {
  await using house = await houseOf(['0', '1', '2']);
  for (let time = 0; time < 3; time++) await house.page('dir=b&limit=100');
  await house.say('3');
  const [, first] = house.said;
  await house.ask('alice', 'PUT', `${house.at}/redact/${encodeURIComponent(first!)}/r`, {});
  const bodies = async () => (await house.page('dir=b&limit=100')).map((each) => each.body);
  for (let time = 0; time < 3; time++)
    expect((await bodies()).filter((body) => body !== undefined)).toEqual(['3', '2', '0']);
});

test('who may not see an event is not shown it from memory', async () => {
  await using house = await houseOf(['0', '1', '2'], 'joined');
  for (let time = 0; time < 3; time++) await house.page('dir=b&limit=100');
  await house.ask('alice', 'POST', `${house.at}/invite`, { user_id: bob });
  await house.ask('bob', 'POST', `${house.at}/join`);
  await house.say('3');
  for (const user of ['bob', 'alice', 'bob']) {
    const bodies = (await house.page('dir=b&limit=100', user)).flatMap(({ body }) => body ?? []);
    expect(bodies).toEqual(user === 'bob' ? ['3'] : ['3', '2', '1', '0']);
  }
});

const entry = (nid: number): PageEntry => ({
  ...{ nid, depth: nid, position: nid, stateBefore: 5, stateAfter: 6 },
});

const event = (nid: number): RoomEvent =>
  ({
    ...entry(nid),
    ...{ roomId: '!r', members: '', unsigned: '', content: {} },
  }) as unknown as RoomEvent;

const secret = (nid: number): RoomEvent => ({ ...event(nid), content: { body: 'secret' } });

function keeping(entries: readonly PageEntry[]) {
  const none = async () => [];
  const events = new EventCache(
    { eventsByNid: none, eventsById: none, eventById: async () => undefined },
    { bytesMax: 1_000_000, answerBytesMax: 1_000_000 },
  );
  const pages = new KeptPages({ entriesOfPage: async () => [...entries] }, events);
  const put = (...nids: number[]) => {
    for (const nid of nids) events.put(event(nid));
  };
  return { pages, events, put };
}

async function houseOf(bodies: readonly string[], history_visibility = 'shared') {
  const fresh = await freshDatabase();
  const server = await openRoomServer(fresh);
  const roomId = await server.rooms.create(alice, {}, {});
  await server.setState(roomId, {
    ...{ sender: alice, type: 'm.room.history_visibility', stateKey: '' },
    content: { history_visibility },
  });
  const said: string[] = [];
  const say = async (body: string) => said.push(await server.say(roomId, alice, body));
  for (const body of bodies) await say(body);
  const at = `/rooms/${encodeURIComponent(roomId)}`;
  return {
    ...{ at, said, say, ask: server.ask },
    /** Without what is another one each time. */
    async page(query: string, user = 'alice') {
      const { status, json } = await server.ask(user, 'GET', `${at}/messages?${query}`);
      expect(status).toBe(200);
      return (json.chunk as JsonObject[]).map(({ event_id, content }) => ({
        ...{ event_id, content, end: json.end },
        body: (content as JsonObject).body,
      }));
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}
