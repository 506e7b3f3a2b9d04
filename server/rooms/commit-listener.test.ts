import { expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/postgres.ts';
import { alice, bob, bodiesIn, openRooms, signingKey } from '../../test/support/rooms.ts';
import type { PlacedRecord } from '../log/change.ts';
import type { Log } from '../log/log.ts';
import type { ServerName } from '../protocol/identifiers.ts';
import { roomStore } from '../storage/rooms/room-store.ts';
import { RoomEngine } from './engine.ts';

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
