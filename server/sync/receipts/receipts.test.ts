import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { startWriter } from '../../../test/support/writer.ts';
import type { PlacedRecord } from '../../log/change.ts';
import type { EventId, RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { RoomEvent } from '../../rooms/room-event.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { PlacedReceipt, ReceiptType } from '../../storage/receipts.ts';
import { Receipts } from './receipts.ts';

const roomId = '!r:x' as RoomId;
const [alice, bob] = ['@alice:x', '@bob:x'] as [UserId, UserId];

test('a receipt is told to those who ask for what changed', async () => {
  await using house = await start();
  await house.put(alice, '$2');
  await house.put(bob, '$3');
  expect(await house.changed(0)).toEqual([
    [alice, 'm.read', '', '$2'],
    [bob, 'm.read', '', '$3'],
  ]);
});

test('receipts of one user that follow each other quickly become one', async () => {
  await using house = await start();
  await Promise.all([house.put(alice, '$1'), house.put(alice, '$2'), house.put(alice, '$3')]);
  expect(house.records).toHaveLength(1);
  expect(await house.changed(0)).toEqual([[alice, 'm.read', '', '$3']]);
});

test('a receipt never goes back', async () => {
  await using house = await start();
  await house.put(alice, '$3');
  await house.put(alice, '$1');
  expect(await house.changed(0)).toEqual([[alice, 'm.read', '', '$3']]);
});

test('a receipt that is behind one under way resolves with that one', async () => {
  await using house = await start();
  const first = house.put(alice, '$3');
  await house.put(alice, '$1');
  expect(house.records).toHaveLength(1);
  await first;
});

test('types and threads have receipts of their own', async () => {
  await using house = await start();
  await house.put(alice, '$3', 'm.read.private');
  await house.put(alice, '$1');
  await house.put(alice, '$2', 'm.read', 'main');
  expect((await house.receipts.ownIn(alice, roomId)).map((each) => each.eventId).sort()).toEqual([
    '$1',
    '$2',
    '$3',
  ]);
});

test('a receipt must belong to the thread that it names', async () => {
  await using house = await start();
  await house.put(alice, '$reply', 'm.read', '$1');
  await house.put(bob, '$1', 'm.read', '$1');
  await expect(house.put(alice, '$reply', 'm.read', 'main')).rejects.toThrow(/not related/);
  await expect(house.put(alice, '$2', 'm.read', '$1')).rejects.toThrow(/not related/);
});

test.each([
  ['an event that is not known', '$unknown', '$invented'],
  ['an event that is not known, in the main timeline', '$unknown', 'main'],
  ['an event that says so itself', '$lie', '$invented'],
])('a thread cannot be invented by a receipt on %s', async (_what, eventId, threadId) => {
  await using house = await start();
  await expect(house.put(alice, eventId, 'm.read', threadId)).rejects.toThrow(/not related/);
  expect(await house.receipts.ownIn(alice, roomId)).toEqual([]);
});

test('of the threads that a user has read in a room the last hundred are kept', async () => {
  await using house = await start();
  const root = (index: number) => `$root-${index}`;
  const put = (index: number) => house.put(alice, root(index), 'm.read', root(index));
  await house.put(alice, '$1');
  await house.put(bob, root(0), 'm.read', root(0));
  await house.put(alice, root(0), 'm.read.private', root(0));
  for (let index = 0; index < 101; index++) await put(index);
  const expected = Array.from({ length: 100 }, (_, index) => root(index + 1));
  const threads = (all: readonly PlacedReceipt[]) =>
    all
      .filter((each) => each.type === 'm.read' && each.threadId !== '')
      .map((each) => each.eventId);
  for (const receipts of [house.receipts, house.again()]) {
    const own = await receipts.ownIn(alice, roomId);
    expect(threads(own).toSorted()).toEqual(expected.toSorted());
    expect(own).toHaveLength(102);
    expect(await receipts.ownIn(bob, roomId)).toHaveLength(1);
  }
});

test('who is not in the room sends no receipts', async () => {
  await using house = await start();
  await expect(house.put('@mallory:x' as UserId, '$1')).rejects.toThrow(/not in this room/);
});

test('after a restart all is read from the database', async () => {
  await using house = await start();
  await house.put(alice, '$2');
  await house.put(bob, '$3');
  const later = house.again();
  const range = { roomId, after: 0, upTo: house.position() };
  expect((await later.ofRoom(range)).map((each) => each.userId)).toEqual([alice, bob]);
  expect((await later.ofRooms({ ...range, roomIds: [roomId] })).get(roomId)).toHaveLength(2);
  await later.put({
    roomId,
    userId: alice,
    type: 'm.read',
    eventId: '$1' as EventId,
    threadId: '',
  });
  expect((await later.ownIn(alice, roomId)).map((each) => each.eventId)).toEqual(['$2']);
});

async function start() {
  const fresh = await freshDatabase();
  const log = await startWriter(fresh.url);
  const records: PlacedRecord[] = [];
  log.onCommitted((committed) => void records.push(...committed));
  const again = () =>
    new Receipts({ log, database: fresh.database, rooms, now: () => 1, waitMs: 10 });
  const receipts = again();
  return {
    receipts,
    records,
    again,
    position: () => log.committed.position,
    put: (userId: UserId, eventId: string, type: ReceiptType = 'm.read', threadId = '') =>
      receipts.put({ roomId, userId, type, eventId: eventId as EventId, threadId }),
    changed: async (after: number) => {
      const changed = await receipts.ofRoom({ roomId, after, upTo: log.committed.position });
      return changed.map((each) => [each.userId, each.type, each.threadId, each.eventId]);
    },
    async [Symbol.asyncDispose]() {
      await log[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

const events = new Map(
  [
    event('$1', 1),
    event('$2', 2),
    event('$3', 3),
    event('$reply', 4, { 'm.relates_to': { rel_type: 'm.thread', event_id: '$1' } }),
    event('$lie', 5, { 'm.relates_to': { rel_type: 'm.thread', event_id: '$invented' } }),
    ...Array.from({ length: 102 }, (_, index) => event(`$root-${index}`, 10 + index)),
  ].map((each) => [each.eventId, each]),
);

const rooms = {
  open: async () => ({
    roomId,
    membershipOf: (userId: UserId) => (userId === alice || userId === bob ? 'join' : undefined),
    event: async (eventId: EventId) => events.get(eventId),
    events: async (eventIds: EventId[]) => eventIds.flatMap((each) => events.get(each) ?? []),
  }),
} as unknown as Pick<Rooms, 'open'>;

function event(eventId: string, nid: number, content: JsonObject = {}): RoomEvent {
  return { eventId, nid, position: nid, content } as unknown as RoomEvent;
}
