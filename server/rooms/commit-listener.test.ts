import { expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/postgres.ts';
import { alice, bob, bodiesIn, openRooms, signingKey } from '../../test/support/rooms.ts';
import type { PlacedRecord } from '../log/change.ts';
import type { Log } from '../log/log.ts';
import type { ServerName } from '../protocol/identifiers.ts';
import { roomStore } from '../storage/rooms/room-store.ts';
import { RoomEngine } from './engine.ts';
import type { PendingEvent } from './memory/hot-room.ts';
import { JustCommitted } from './memory/just-committed.ts';

test('memory that did not build an event itself reads it, and whom it concerns, anew', async () => {
  await using fresh = await freshDatabase();
  await using writer = await openRooms(fresh);
  const roomId = await writer.rooms.create(alice, { preset: 'public_chat' }, {});
  const follower = followerOn(fresh.database);
  writer.writer.onCommitted((records) => follower.tell(records));

  expect(await bodiesIn(follower, roomId)).toEqual([]);
  expect([...(await follower.rooms.roomsOf(bob)).keys()]).toEqual([]);
  const joining = { sender: bob, target: bob, action: 'join' } as const;
  await writer.rooms.changeMembership(roomId, joining, {});
  await writer.say(roomId, bob, 'hello');

  expect(await bodiesIn(follower, roomId)).toEqual(['hello']);
  expect((await follower.rooms.roomsOf(bob)).get(roomId)?.membership).toBe('join');
  expect((await follower.rooms.open(roomId))!.joinedCount).toBe(2);
  expect(follower.rooms.lastPosition(roomId)).toBe(writer.rooms.lastPosition(roomId));
});

test('an event that was built here is at hand in the turn in which the log tells of it', async () => {
  await using fresh = await freshDatabase();
  await using own = await openRooms(fresh);
  const roomId = await own.rooms.create(alice, {}, {});
  const follower = followerOn(fresh.database);
  const found: unknown[] = [];
  const positions: number[] = [];
  own.writer.onCommitted((records) => {
    follower.tell(records);
    for (const { position, record } of records) {
      if (record.kind !== 'event') continue;
      positions.push(position);
      found.push(own.rooms.justCommitted(position)?.event.content.body);
      expect(follower.rooms.justCommitted(position)).toBeUndefined();
    }
  });
  await own.say(roomId, alice, 'one');
  await own.say(roomId, alice, 'two');
  expect(found).toEqual(['one', 'two']);
  expect(own.rooms.justCommitted(positions[0]!)).toBeUndefined();
});

test('an event that has its number from before it came into the timeline is not taken for a new one', () => {
  const justCommitted = new JustCommitted();
  const pending = { room: { nid: 1 }, event: { nid: 5 }, parsed: {} } as unknown as PendingEvent;
  for (const position of [5, 12]) justCommitted.put(position, pending);
  expect(justCommitted.at(12)).toBeUndefined();
  expect(justCommitted.at(5)).toEqual({ roomNid: 1, event: {} });
});

/** An engine that only hears of the log, as on another machine. */
function followerOn(database: Parameters<typeof roomStore>[0]) {
  const listeners: ((records: readonly PlacedRecord[]) => void)[] = [];
  const log = {
    onCommitted: (listener: (records: readonly PlacedRecord[]) => void) => listeners.push(listener),
    onRefused: () => {},
  } as unknown as Log;
  const rooms = new RoomEngine({
    log,
    store: roomStore(database),
    identity: { serverName: 'example.org' as ServerName, key: signingKey },
    profileOf: async () => ({}),
    now: () => 0,
    defaultRoomVersion: '12',
    memoryBytesMax: 1_000_000,
  });
  return {
    rooms,
    tell(records: readonly PlacedRecord[]) {
      for (const listener of listeners) listener(records);
    },
  };
}
