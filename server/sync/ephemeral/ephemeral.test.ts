import { expect, test } from 'vitest';
import { alice, bob, carol } from '../../../test/support/rooms.ts';
import {
  type Answer,
  freshSync,
  openSync,
  type SyncUnderTest,
} from '../../../test/support/sync.ts';
import { lastEvent, receipt, room } from '../../../test/support/sync-answers.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { MembershipChange } from '../../rooms/membership/membership.ts';

type Action = MembershipChange['action'];

test('typing is told to the others in the room, and that it ended', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  const waiting = house.next(bob, begin, { timeoutMs: 60_000 });
  house.typing.begins(roomId, alice, 30_000);
  const typing = (answer: Answer) => answer.rooms.join[roomId].ephemeral.events;
  const first = await waiting;
  expect(typing(first)).toEqual([{ type: 'm.typing', content: { user_ids: [alice] } }]);
  house.typing.ends(roomId, alice);
  expect(typing(await house.next(bob, first))).toEqual([
    { type: 'm.typing', content: { user_ids: [] } },
  ]);
  await using again = await openSync(house.fresh);
  expect(typing(await again.next(bob, first))).toEqual([
    { type: 'm.typing', content: { user_ids: [] } },
  ]);
});

test('a private receipt is told to its owner only', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  await house.say(roomId, alice, 'read me');
  const { eventId } = await lastEvent(house, roomId);
  const [own, other] = [await house.sync(bob), await house.sync(alice)];
  await house.receipts.put({ ...receipt(roomId, bob, eventId), type: 'm.read.private' });
  expect((await house.next(alice, other)).rooms).toBeUndefined();
  const [event] = (await house.next(bob, own)).rooms.join[roomId].ephemeral.events;
  expect(event.content[eventId]['m.read.private'][bob].ts).toBeTypeOf('number');
});

test("a user's receipts of two threads at one event are both told", async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  await house.say(roomId, alice, 'read me');
  const { eventId } = await lastEvent(house, roomId);
  await house.receipts.put(receipt(roomId, bob, eventId));
  await house.receipts.put({ ...receipt(roomId, bob, eventId), threadId: 'main' });
  const { events } = (await house.sync(alice)).rooms.join[roomId].ephemeral;
  const threads = events.map((each: Answer) => each.content[eventId]['m.read'][bob].thread_id);
  expect(threads.sort()).toEqual(['main', undefined]);
});

test('presence is told to those who share a room', async () => {
  await using house = await freshSync();
  await room(house, bob);
  const begin = await house.sync(bob);
  const waiting = house.next(bob, begin, { timeoutMs: 60_000 });
  house.presence.set(alice, 'online', 'here');
  const [event] = (await waiting).presence.events;
  expect(event).toMatchObject({
    type: 'm.presence',
    sender: alice,
    content: { presence: 'online', status_msg: 'here' },
  });
});

const change = (house: SyncUnderTest, roomId: RoomId, target: UserId, action: Action) => {
  const sender = action === 'join' || action === 'leave' ? target : alice;
  return house.rooms.changeMembership(roomId, { sender, target, action }, {});
};
const present = (answer: Answer): UserId[] =>
  (answer.presence?.events ?? []).map((each: Answer) => each.sender).sort();

test('presence that was set without a sync is told in initial answers as in others', async () => {
  await using house = await freshSync();
  await room(house, bob);
  const begin = await house.sync(bob);
  house.presence.set(alice, 'unavailable', 'at lunch');
  await house.presence.tell();
  expect(present(await house.next(bob, begin))).toEqual([alice]);
  expect(present(await house.sync(bob))).toEqual([alice]);
});

test.each<[string, Action[]]>([
  ['is invited', ['kick', 'invite']],
  ['was kicked', ['kick']],
  ['was banned', ['ban']],
])('whoever %s is told of nobody in the room, and nobody of them', async (_what, actions) => {
  await using house = await freshSync();
  const roomId = await room(house, bob, carol);
  const begin = await house.sync(bob);
  house.presence.set(alice, 'online', 'before');
  house.presence.set(bob, 'online');
  await house.presence.tell();
  const carols = await house.sync(carol);
  for (const action of actions) await change(house, roomId, bob, action);
  await house.presence.tell();
  house.presence.set(alice, 'online', 'secret');
  house.presence.set(bob, 'unavailable');
  await house.presence.tell();
  for (const answer of [await house.next(bob, begin), await house.sync(bob)])
    expect(present(answer)).not.toContain(alice);
  for (const answer of [await house.next(carol, carols), await house.sync(carol)])
    expect(present(answer)).toEqual([alice]);
});

test('whoever joins is told who is there, and those who are there of them', async () => {
  await using house = await freshSync();
  const roomId = await house.rooms.create(alice, { preset: 'public_chat' }, {});
  house.presence.set(alice, 'online');
  house.presence.set(bob, 'online');
  await house.presence.tell();
  const [theirs, own] = [await house.sync(alice), await house.sync(bob)];
  expect(present(own)).toEqual([bob]);
  await change(house, roomId, bob, 'join');
  await house.presence.tell();
  expect(present(await house.next(bob, own))).toEqual([alice, bob]);
  expect(present(await house.next(alice, theirs))).toEqual([bob]);
});

test('whoever joins is told who is there, also where nobody has anything new to tell', async () => {
  await using house = await freshSync();
  const roomId = await house.rooms.create(alice, { preset: 'public_chat' }, {});
  house.presence.set(alice, 'online');
  await house.presence.tell();
  const begin = await house.sync(bob);
  await change(house, roomId, bob, 'join');
  expect(present(await house.next(bob, begin))).toEqual([alice]);
});

test.each<Action>(['leave', 'kick', 'ban'])('who is gone by %s types no more', async (action) => {
  await using house = await freshSync();
  const roomId = await room(house, bob, carol);
  house.typing.begins(roomId, bob, 30_000);
  house.typing.begins(roomId, carol, 30_000);
  const begin = await house.sync(alice);
  const waiting = house.next(alice, begin, { timeoutMs: 60_000 });
  await change(house, roomId, bob, action);
  let answer = await waiting;
  while (answer.rooms?.join?.[roomId]?.ephemeral === undefined)
    answer = await house.next(alice, answer, { timeoutMs: 60_000 });
  expect(answer.rooms.join[roomId].ephemeral.events).toEqual([
    { type: 'm.typing', content: { user_ids: [carol] } },
  ]);
});

test('a new display name does not end typing', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  house.typing.begins(roomId, bob, 30_000);
  house.profiles.set(bob, { displayname: 'Bob' });
  await house.rooms.spreadProfile(bob);
  await house.sync(bob);
  expect(house.typing.typingIn(roomId)).toEqual([bob]);
});
