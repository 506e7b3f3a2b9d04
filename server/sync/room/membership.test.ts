import { expect, test } from 'vitest';
import { alice, bob } from '../../../test/support/rooms.ts';
import { type Answer, freshSync, type SyncUnderTest } from '../../../test/support/sync.ts';
import { bodies, content, room } from '../../../test/support/sync-answers.ts';
import type { UserId } from '../../protocol/identifiers.ts';

test('an invitation wakes whoever is invited, and shows what room it is', async () => {
  await using house = await freshSync();
  const begin = await house.sync(bob);
  const waiting = house.next(bob, begin, { timeoutMs: 60_000 });
  const roomId = await house.rooms.create(alice, { name: 'The room', invite: [bob] }, {});
  const events = (await waiting).rooms.invite[roomId].invite_state.events;
  expect(content(events, 'm.room.name').name).toBe('The room');
  expect(content(events, 'm.room.create').room_version).toBe('12');
  expect(content(events, 'm.room.member')).toMatchObject({ membership: 'invite' });
  expect(Object.keys(events[0]).sort()).toEqual(['content', 'sender', 'state_key', 'type']);
});

test('an invitation by a user who is ignored is not shown', async () => {
  await using house = await freshSync();
  await ignore(house, bob, alice);
  const begin = await house.sync(bob);
  await house.rooms.create(alice, { invite: [bob] }, {});
  expect((await house.sync(bob)).rooms).toBeUndefined();
  expect((await house.next(bob, begin)).rooms).toBeUndefined();
});

test('whoever joins is told the whole room, and what they may see of its history', async () => {
  await using house = await freshSync();
  const roomId = await house.rooms.create(alice, { preset: 'public_chat', name: 'Old' }, {});
  await house.say(roomId, alice, 'before');
  const begin = await house.sync(bob);
  const waiting = house.next(bob, begin, { timeoutMs: 60_000 });
  await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'join' }, {});
  const answer = await waiting;
  const joined = answer.rooms.join[roomId];
  expect(bodies(joined)).toEqual(['before']);
  const all = [...joined.state.events, ...joined.timeline.events];
  expect(content(all, 'm.room.name').name).toBe('Old');
  expect(joined.summary['m.joined_member_count']).toBe(2);
  expect(answer.device_lists.changed).toContain(alice);
});

test('whoever leaves is told the room up to there and nothing behind it', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  await house.say(roomId, alice, 'seen');
  await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'leave' }, {});
  await house.say(roomId, alice, 'not seen');
  const answer = await house.next(bob, begin);
  expect(answer.rooms.join).toBeUndefined();
  expect(bodies(answer.rooms.leave[roomId])).toEqual(['seen']);
  expect(answer.rooms.leave[roomId].timeline.events.at(-1)).toMatchObject({
    type: 'm.room.member',
    content: { membership: 'leave' },
  });
  expect(answer.device_lists.left).toEqual([alice]);
  await house.say(roomId, alice, 'never seen');
  expect((await house.next(bob, answer)).rooms).toBeUndefined();
});

test('a ban of somebody who had left is told without the room once more', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  await house.say(roomId, alice, 'old');
  await house.rooms.changeMembership(roomId, { sender: alice, target: bob, action: 'kick' }, {});
  const begin = await house.sync(bob);
  await house.rooms.changeMembership(roomId, { sender: alice, target: bob, action: 'ban' }, {});
  const left = (await house.next(bob, begin)).rooms.leave[roomId];
  expect(left.timeline.events.map((each: Answer) => each.content.membership)).toEqual(['ban']);
  expect(left.state.events).toEqual([]);
  const after = (await house.next(bob, begin, { stateKey: 'state_after' })).rooms.leave[roomId];
  expect(after.state_after.events).toEqual(left.timeline.events.map(withoutAge));
});

test('whoever came and went between two answers is told the room up to there', async () => {
  await using house = await freshSync();
  const roomId = await house.rooms.create(alice, { preset: 'public_chat', name: 'Short' }, {});
  const begin = await house.sync(bob);
  await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'join' }, {});
  await house.say(roomId, alice, 'hello');
  await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'leave' }, {});
  const left = (await house.next(bob, begin)).rooms.leave[roomId];
  expect(bodies(left)).toEqual(['hello']);
  const all = [...left.state.events, ...left.timeline.events];
  expect(content(all, 'm.room.name').name).toBe('Short');
});

test('an initial sync has left rooms only where the filter asks for them', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'leave' }, {});
  expect((await house.sync(bob)).rooms).toBeUndefined();
  const filter = { room: { include_leave: true } };
  expect(Object.keys((await house.sync(bob, { filter })).rooms.leave)).toEqual([roomId]);
});

test('whoever turns down an invitation is told that it is over, and nothing of the room', async () => {
  await using house = await freshSync();
  const roomId = await house.rooms.create(alice, { invite: [bob] }, {});
  await house.say(roomId, alice, 'private');
  const begin = await house.sync(bob);
  await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'leave' }, {});
  const left = (await house.next(bob, begin)).rooms.leave[roomId];
  expect(bodies(left)).toEqual([]);
  expect(left.state.events).toEqual([]);
  expect(left.timeline.events.at(-1)).toMatchObject({ content: { membership: 'leave' } });
});

const ignore = (house: SyncUnderTest, userId: UserId, whom: UserId) =>
  house.accountData.put(
    { userId, roomId: null, type: 'm.ignored_user_list' },
    { ignored_users: { [whom]: {} } },
  );

const _once = { outcome: () => undefined };

const withoutAge = (event: Answer) =>
  expect.objectContaining({ event_id: event.event_id, content: event.content });
