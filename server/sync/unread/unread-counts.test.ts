import { expect, test } from 'vitest';
import { alice, bob, carol } from '../../../test/support/rooms.ts';
import { type Answer, freshSync } from '../../../test/support/sync.ts';
import { lastEvent, receipt, room } from '../../../test/support/sync-answers.ts';

test('unread messages are counted until they are read, or answered', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob, carol);
  const begin = await house.sync(bob);
  await house.say(roomId, alice, 'one');
  await house.rooms.send(
    roomId,
    {
      sender: alice,
      type: 'm.room.message',
      content: { body: 'bob!', msgtype: 'm.text', 'm.mentions': { user_ids: [bob] } },
    },
    {},
  );
  const counts = (answer: Answer) => answer.rooms.join[roomId].unread_notifications;
  const first = await house.next(bob, begin);
  expect(counts(first)).toEqual({ notification_count: 2, highlight_count: 1 });
  await house.receipts.put(receipt(roomId, bob, (await lastEvent(house, roomId)).eventId));
  const second = await house.next(bob, first);
  expect(counts(second)).toEqual({ notification_count: 0, highlight_count: 0 });
  await house.say(roomId, alice, 'two');
  const third = await house.next(bob, second);
  expect(counts(third).notification_count).toBe(1);
  await house.say(roomId, bob, 'answer');
  expect(counts(await house.next(bob, third)).notification_count).toBe(0);
});

test('a mention of the whole room highlights where the sender may do that', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob, carol);
  const begin = await house.sync(bob);
  const mention = { msgtype: 'm.text', body: '@room', 'm.mentions': { room: true } };
  const type = 'm.room.message';
  await house.rooms.send(roomId, { sender: carol, type, content: mention }, {});
  await house.rooms.send(roomId, { sender: alice, type, content: mention }, {});
  const answer = await house.next(bob, begin);
  expect(answer.rooms.join[roomId].unread_notifications).toEqual({
    notification_count: 2,
    highlight_count: 1,
  });
});

test('a rule for the display name finds the name that the user has in the room', async () => {
  await using house = await freshSync();
  house.profiles.set(bob, { displayname: 'Bobby' });
  const roomId = await room(house, bob, carol);
  const begin = await house.sync(bob);
  const rule = {
    rule_id: 'named',
    default: false,
    enabled: true,
    conditions: [{ kind: 'contains_display_name' }],
    actions: ['notify', { set_tweak: 'highlight' }],
  };
  await house.pushRules.edit(bob, (rules) => ({ ...rules, override: [rule, ...rules.override] }));
  await house.say(roomId, alice, 'hey bobby!');
  const { highlight_count } = (await house.next(bob, begin)).rooms.join[roomId]
    .unread_notifications;
  expect(highlight_count).toBe(1);
});

test('unread messages of threads are counted apart where the client asks for it', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const root = await house.say(roomId, alice, 'root');
  const begin = await house.sync(bob);
  await house.rooms.send(
    roomId,
    {
      sender: alice,
      type: 'm.room.message',
      content: { body: 'in it', 'm.relates_to': { rel_type: 'm.thread', event_id: root } },
    },
    {},
  );
  const filter = { room: { timeline: { unread_thread_notifications: true } } };
  const joined = (await house.next(bob, begin, { filter })).rooms.join[roomId];
  expect(joined.unread_notifications.notification_count).toBe(1);
  expect(joined.unread_thread_notifications).toEqual({
    [root]: { notification_count: 1, highlight_count: 0 },
  });
});
