import { expect, test } from 'vitest';
import { alice, bob } from '../../../test/support/rooms.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { memoryShares, roomMemoryBytes } from './memory-bytes.ts';
import { UserRooms } from './user-rooms.ts';

const room = '!r:example.org' as RoomId;
const invited = { roomId: room, membership: 'invite', position: 5, since: 5, forgotten: false };
const joined = {
  roomId: room,
  membership: 'join' as const,
  position: 9,
  since: 9,
  forgotten: false,
};

test('what is committed while the memberships are read is not covered up by them', async () => {
  const reads = readsOf();
  const userRooms = new UserRooms(reads.store, 1_000_000);
  const asked = [userRooms.of(alice), userRooms.of(alice)];
  expect(reads.waiting.length).toBe(1);
  userRooms.apply(alice, joined);
  reads.answer([{ ...invited, roomLastPosition: 8 }]);
  reads.answer([{ ...joined, forgotten: false, roomLastPosition: 9 }], await reads.next());
  for (const each of asked) expect((await each).get(room)?.membership).toBe('join');
  expect((await userRooms.of(alice)).get(room)?.membership).toBe('join');
});

test.each<[string, (userRooms: UserRooms) => void]>([
  ['forgotten', (userRooms) => userRooms.forget(alice, room)],
  ['dropped', (userRooms) => userRooms.drop(alice)],
])('what is %s while it is read is read again', async (_what, change) => {
  const reads = readsOf();
  const userRooms = new UserRooms(reads.store, 1_000_000);
  const asked = userRooms.of(alice);
  change(userRooms);
  reads.answer([{ ...invited, roomLastPosition: 8 }]);
  reads.answer([], await reads.next());
  expect((await asked).size).toBe(0);
});

test('a read that fails is made again by whoever asks next', async () => {
  let fails = true;
  const store = {
    membershipsOf: async () => {
      if (fails) throw new Error('no database');
      return [];
    },
  };
  const userRooms = new UserRooms(store, 1_000_000);
  await expect(userRooms.of(alice)).rejects.toThrow('no database');
  fails = false;
  expect((await userRooms.of(alice)).size).toBe(0);
});

test('those that were asked for last stay, as many memberships as there is space for', async () => {
  let read: UserId[] = [];
  const rooms = Array.from({ length: 10 }, (_, index) => ({
    ...invited,
    roomId: `!${index}:x` as RoomId,
    roomLastPosition: 5,
  }));
  const store = {
    membershipsOf: async (userId: UserId) => {
      read.push(userId);
      return rooms;
    },
  };
  const userRooms = new UserRooms(store, 2_000);
  for (const userId of [alice, bob, bob, alice]) await userRooms.of(userId);
  expect(read).toEqual([alice, bob, alice]);
  read = [];
  const large = new UserRooms(store, 10_000);
  for (const userId of [alice, bob, bob, alice]) await large.of(userId);
  expect(read).toEqual([alice, bob]);
});

test('a thousand users of two hundred rooms each stay in memory', async () => {
  let reads = 0;
  const rooms = Array.from({ length: 200 }, (_, index) => ({
    ...invited,
    roomId: `!${index}:x` as RoomId,
    roomLastPosition: 5,
  }));
  const store = {
    async membershipsOf() {
      reads++;
      return rooms;
    },
  };
  const userRooms = new UserRooms(store, memoryShares(roomMemoryBytes()).users);
  const users = Array.from({ length: 1_000 }, (_, index) => `@${index}:x` as UserId);
  for (const userId of [...users, ...users]) await userRooms.of(userId);
  expect(reads).toBe(1_000);
});

test('a new display name moves the position and not the beginning', async () => {
  const reads = readsOf();
  const userRooms = new UserRooms(reads.store, 1_000_000);
  const asked = userRooms.of(alice);
  reads.answer([{ ...joined, forgotten: true, roomLastPosition: 9 }]);
  await asked;
  userRooms.apply(alice, { ...joined, position: 20, since: undefined });
  expect((await userRooms.of(alice)).get(room)).toEqual({
    ...joined,
    position: 20,
    forgotten: false,
  });
});

test('the last position of a room only grows', () => {
  const userRooms = new UserRooms(readsOf().store, 1_000);
  for (const position of [5, 9, 7]) userRooms.moved(room, position);
  expect(userRooms.lastPosition(room)).toBe(9);
});

test('where rooms stand is known of those that moved last, and of the others it is said that it is not', () => {
  const userRooms = new UserRooms(readsOf().store, 1_000, 2);
  const other = (name: string) => `!${name}:example.org` as RoomId;
  userRooms.moved(room, 5);
  userRooms.moved(other('a'), 6);
  userRooms.moved(room, 7);
  userRooms.moved(other('b'), 8);
  expect([room, other('a'), other('b')].map((each) => userRooms.lastPosition(each))).toEqual([
    7,
    undefined,
    8,
  ]);
});

test('a read from before a room moved does not bring it back to where it stood', async () => {
  const reads = readsOf();
  const userRooms = new UserRooms(reads.store, 1_000, 1);
  const asked = userRooms.of(alice);
  userRooms.moved(room, 9);
  userRooms.moved('!other:example.org' as RoomId, 10);
  reads.answer([{ ...joined, forgotten: false, roomLastPosition: 8 }]);
  await asked;
  expect(userRooms.lastPosition(room)).toBeUndefined();
});

type Stored = Awaited<ReturnType<ConstructorParameters<typeof UserRooms>[0]['membershipsOf']>>;

function readsOf() {
  const waiting: ((stored: Stored) => void)[] = [];
  return {
    waiting,
    store: { membershipsOf: () => new Promise<Stored>((resolve) => waiting.push(resolve)) },
    answer: (stored: readonly object[], index = 0) => waiting[index]!(stored as Stored),
    /** The index of the read that follows the first. */
    async next() {
      for (let turns = 0; waiting.length < 2 && turns < 100; turns++) await undefined;
      return 1;
    },
  };
}
