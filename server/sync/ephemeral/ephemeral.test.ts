import { expect, test } from 'vitest';
import { alice, bob } from '../../../test/support/rooms.ts';
import { type Answer, freshSync, openSync } from '../../../test/support/sync.ts';
import { lastEvent, receipt, room } from '../../../test/support/sync-answers.ts';

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
