import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { alice, openRooms } from '../../../test/support/rooms.ts';
import type { PageRequest } from '../room.ts';
import type { RoomEvent } from '../room-event.ts';

test('pages going back and forth cover everything once', async () => {
  await using bench = await workbench(50);
  const all = bench.events.map((event) => event.eventId);
  for (const direction of ['f', 'b'] as const) {
    const seen: string[] = [];
    let from = direction === 'f' ? { depth: 0, nid: 0 } : await bench.room.placeAt(bench.last);
    for (let isLast = false; !isLast; ) {
      const page = await bench.page({ from, direction, limit: 7 });
      seen.push(...page.events.map(({ event }) => event.eventId));
      ({ isLast, end: from } = page);
    }
    expect(seen).toEqual(direction === 'f' ? all : all.toReversed());
  }
});

test('a place lies between two events, and divides what is before it from what is behind', async () => {
  await using bench = await workbench(10);
  const middle = bench.events[8]!;
  const before = await bench.page({ from: middle, direction: 'b', limit: 100 });
  const behind = await bench.page({ from: middle, direction: 'f', limit: 100 });
  expect(before.events[0]!.event.eventId).toBe(middle.eventId);
  expect(behind.events[0]!.event.eventId).toBe(bench.events[9]!.eventId);
  expect(before.events.length + behind.events.length).toBe(bench.events.length);
});

test('a page ends at the place that it is told', async () => {
  await using bench = await workbench(10);
  const [to, from] = [bench.events[5]!, bench.events[8]!];
  const back = await bench.page({ from, to, direction: 'b', limit: 100 });
  const forth = await bench.page({ from: to, to: from, direction: 'f', limit: 100 });
  const between = bench.events.slice(6, 9).map((event) => event.eventId);
  expect(back.events.map(({ event }) => event.eventId)).toEqual(between.toReversed());
  expect(forth.events.map(({ event }) => event.eventId)).toEqual(between);
});

test('a filter is searched through, and what it lets through is not cut by what it does not', async () => {
  await using bench = await workbench(60);
  const isRare = (event: RoomEvent) => event.content.body === '3' || event.content.body === '57';
  const page = await bench.page({
    from: { depth: 0, nid: 0 },
    direction: 'f',
    limit: 2,
    wanted: isRare,
  });
  expect(page.events.map(({ event }) => event.content.body)).toEqual(['3', '57']);
});

test('types and senders are looked up, wildcards too', async () => {
  await using bench = await workbench(3);
  const from = { depth: 0, nid: 0 };
  const rules = await bench.page({ from, direction: 'f', limit: 100, types: ['m.room.join_*'] });
  expect(rules.events.map(({ event }) => event.type)).toEqual(['m.room.join_rules']);
  const odd = await bench.page({ from, direction: 'f', limit: 100, types: ['m_room.message'] });
  expect(odd.events).toEqual([]);
  const nobody = await bench.page({ from, direction: 'f', limit: 9, senders: ['@nobody:x'] });
  expect(nobody).toMatchObject({ events: [], isLast: true });
});

test('large events make short pages, and still all are seen', async () => {
  await using bench = await workbench(3);
  const body = 'x'.repeat(60_000);
  for (let index = 0; index < 25; index++) await bench.say(bench.room.roomId, alice, body);
  const counts: number[] = [];
  let from = await bench.room.placeAt(Number.MAX_SAFE_INTEGER);
  for (let isLast = false; !isLast; ) {
    const page = await bench.page({ from, direction: 'b', limit: 1_000 });
    counts.push(page.events.length);
    ({ isLast, end: from } = page);
  }
  expect(counts.slice(0, -1)).toEqual([17]);
  expect(counts[1]).toBe(25 - 17 + bench.events.length);
});

test('an answer of more state than can be told is refused before it is made', async () => {
  await using bench = await workbench(0);
  const state = { sender: alice, type: 'x', content: { x: 'x'.repeat(50_000) } };
  for (let key = 0; key < 4; key++)
    await bench.setState(bench.room.roomId, { ...state, stateKey: `${key}` });
  expect((await bench.room.state()).length).toBeGreaterThan(4);
  await using small = await openRooms(bench.fresh, { answerBytesMax: 150_000 });
  const room = (await small.rooms.open(bench.room.roomId))!;
  await expect(room.state()).rejects.toMatchObject({ status: 413, errcode: 'M_TOO_LARGE' });
  expect((await room.state((type) => type !== 'x')).length).toBeGreaterThan(4);
});

async function workbench(messages: number) {
  const fresh = await freshDatabase();
  const under = await openRooms(fresh);
  const roomId = await under.rooms.create(alice, {}, {});
  for (let index = 0; index < messages; index++) await under.say(roomId, alice, `${index}`);
  const room = (await under.rooms.open(roomId))!;
  const last = room.lastPosition;
  const { events } = await room.timeline({ after: 0, upTo: last, limit: 1_000 });
  return {
    ...under,
    fresh,
    room,
    last,
    events,
    page: (request: Omit<PageRequest, 'reader' | 'wanted'> & Partial<PageRequest>) =>
      room.page({ reader: alice, wanted: () => true, ...request }),
    async [Symbol.asyncDispose]() {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}
