import { expect, test } from 'vitest';
import type { PlacedRecord } from '../../log/change.ts';
import type { EventId, RoomId, UserId } from '../../protocol/identifiers.ts';
import { ActiveUsers } from './active-users.ts';

const room = '!r:x' as RoomId;
const [alice, bob] = ['@alice:x', '@bob:x'] as [UserId, UserId];

const event = (position: number, roomId = room): PlacedRecord => ({
  position,
  record: { kind: 'event', roomId, eventId: `$${position}` as EventId },
});
const member = (position: number, stateKey: string): PlacedRecord => ({
  position,
  record: { kind: 'state', roomId: room, type: 'm.room.member', stateKey, eventNid: position },
});
const positions = (changes: readonly PlacedRecord[] | undefined) =>
  changes?.map((each) => each.position);

test('an event wakes those who wait in its room, and nobody else', () => {
  const users = new ActiveUsers();
  const [inside, outside] = [users.enter(alice, [room], 0), users.enter(bob, [], 0)];
  const woken: string[] = [];
  inside.atNews({ wake: () => woken.push('alice') });
  outside.atNews({ wake: () => woken.push('bob') });
  users.committed([event(1)]);
  expect(woken).toEqual(['alice']);
  users.committed([event(2)]);
  expect(woken, 'once for each wait').toEqual(['alice']);
});

test.each([1, 8, 9, 40])(
  'of %i users in a room all hear of an event, and whoever has left does not',
  (count) => {
    const users = new ActiveUsers();
    const ids = Array.from({ length: count }, (_, index) => `@${index}:x` as UserId);
    const inside = ids.map((userId) => users.enter(userId, [room], 0));
    users.committed([event(1)]);
    for (const userId of ids.slice(0, count / 2)) users.enter(userId, [], 1);
    users.committed([event(2)]);
    const seen = inside.map((user) => positions(user.changesAfter(0)));
    expect(seen).toEqual(ids.map((_, index) => (index < Math.floor(count / 2) ? [1] : [1, 2])));
    for (const userId of ids) users.enter(userId, [], 2);
    expect([...users.inRoom(room)]).toEqual([]);
  },
);

test('all records of a batch are there when the first waiter looks', () => {
  const users = new ActiveUsers();
  const user = users.enter(alice, [room], 0);
  let seen: number[] | undefined;
  user.atNews({ wake: () => (seen = positions(user.changesAfter(0))) });
  users.committed([event(1), event(2), event(3)]);
  expect(seen).toEqual([1, 2, 3]);
});

test('whoever is invited hears of it, and of what follows in that room', () => {
  const users = new ActiveUsers();
  const user = users.enter(bob, [], 0);
  users.committed([event(1), member(2, bob), event(3)]);
  expect(positions(user.changesAfter(0))).toEqual([2, 3]);
});

test('a membership change of somebody in the room is noted once', () => {
  const users = new ActiveUsers();
  const user = users.enter(bob, [room], 0);
  users.committed([member(2, bob)]);
  expect(positions(user.changesAfter(0))).toEqual([2]);
});

test('after leaving, the room no longer concerns the user', () => {
  const users = new ActiveUsers();
  const user = users.enter(alice, [room], 0);
  users.enter(alice, [], 5);
  users.committed([event(6)]);
  expect(positions(user.changesAfter(5))).toEqual([]);
});

test('a private receipt is for its owner only', () => {
  const users = new ActiveUsers();
  const [own, other] = [users.enter(alice, [room], 0), users.enter(bob, [room], 0)];
  const receiptType = 'm.read.private';
  users.committed([
    {
      position: 1,
      record: { kind: 'receipt', roomId: room, userId: alice, receiptType, threadId: null },
    },
  ]);
  expect([positions(own.changesAfter(0)), positions(other.changesAfter(0))]).toEqual([[1], []]);
});

test('what lies before the user became active has to be looked up', () => {
  const user = new ActiveUsers().enter(alice, [room], 7);
  expect([user.changesAfter(6), user.changesAfter(7)]).toEqual([undefined, []]);
});

test('memory of changes is bounded, and says so instead of forgetting silently', () => {
  const users = new ActiveUsers();
  const user = users.enter(alice, [room], 0);
  for (let position = 1; position <= 1_100; position++) users.committed([event(position)]);
  expect(user.changesAfter(100)).toBeUndefined();
  expect(positions(user.changesAfter(1_098))).toEqual([1_099, 1_100]);
});

test('who stays away is forgotten, who waits is not', () => {
  const users = new ActiveUsers();
  users.enter(alice, [room], 0);
  const waiting = users.enter(bob, [room], 0);
  const waiter = { wake() {} };
  waiting.atNews(waiter);
  users.sweep(3_600_000);
  expect([users.find(alice), users.find(bob)]).toEqual([undefined, waiting]);
  waiting.noLonger(waiter);
  users.sweep(7_200_000);
  expect(users.find(bob)).toBeUndefined();
});
