import { expect, test } from 'vitest';
import { alice, bob, bringIn } from '../../../../test/support/rooms.ts';
import { type Answer, freshSync, type SyncUnderTest } from '../../../../test/support/sync.ts';
import { bodies, content, draft, room, setName } from '../../../../test/support/sync-answers.ts';
import type { UserId } from '../../../protocol/identifiers.ts';
import type { JsonObject } from '../../../protocol/json.ts';
import type { MembershipChange } from '../../../rooms/membership/membership.ts';

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

test('who wants no invites is shown none, not those of before either, until they want them again', async () => {
  await using house = await freshSync();
  const before = await house.sync(bob);
  const roomId = await house.rooms.create(alice, { invite: [bob] }, {});
  await invitePermission(house, bob, { default_action: 'block' });
  expect((await house.sync(bob)).rooms).toBeUndefined();
  expect((await house.next(bob, before)).rooms).toBeUndefined();
  await invitePermission(house, bob, {});
  expect(Object.keys((await house.sync(bob)).rooms.invite)).toEqual([roomId]);
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
  const answer = await house.next(bob, begin);
  expect(answer.device_lists).toBeUndefined();
  const left = answer.rooms.leave[roomId];
  expect(left.timeline.events.map((each: Answer) => each.content.membership)).toEqual(['ban']);
  expect(left.state.events).toEqual([]);
  const after = (await house.next(bob, begin, { stateKey: 'state_after' })).rooms.leave[roomId];
  expect(after.state_after.events).toEqual(left.timeline.events.map(withoutAge));
});

test('who was told of a ban before ever being in the room is told of a gap when they join', async () => {
  await using house = await freshSync();
  const roomId = await house.rooms.create(alice, { preset: 'public_chat' }, {});
  const change = (sender: UserId, action: MembershipChange['action']) =>
    house.rooms.changeMembership(roomId, { sender, target: bob, action }, {});
  const begin = await house.sync(bob);
  await change(alice, 'ban');
  const banned = await house.next(bob, begin);
  expect(banned.rooms.leave[roomId].timeline.events.length).toBe(1);
  await change(alice, 'unban');
  await change(bob, 'join');
  expect((await house.next(bob, banned)).rooms.join[roomId].timeline.limited).toBe(true);
  expect((await house.next(bob, begin)).rooms.join[roomId].timeline.limited).toBe(false);
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

type Action = MembershipChange['action'];

test.each<[string, [UserId, Action][]]>([
  ['who is banned after leaving', [[alice, 'ban']]],
  [
    'who is unbanned',
    [
      [alice, 'ban'],
      [alice, 'unban'],
    ],
  ],
  [
    'whose invitation is taken back',
    [
      [alice, 'invite'],
      [alice, 'kick'],
    ],
  ],
  [
    'who turns down an invitation',
    [
      [alice, 'invite'],
      [bob, 'leave'],
    ],
  ],
])('%s is told that, and nothing of the room from after their departure', async (_who, changes) => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  const change = (sender: UserId, action: Action) =>
    house.rooms.changeMembership(roomId, { sender, target: bob, action }, {});
  await change(bob, 'leave');
  const after = await house.next(bob, begin);
  await setName(house, roomId, 'secret');
  await house.say(roomId, alice, 'secret');
  for (const [sender, action] of changes) await change(sender, action);
  const filter = { room: { include_leave: true } };
  for (const stateKey of ['state', 'state_after'] as const)
    for (const since of [begin.next_batch, after.next_batch, undefined]) {
      const left = (await house.sync(bob, { since, stateKey, filter })).rooms.leave[roomId];
      expect(JSON.stringify(left)).not.toContain('secret');
      expect(left.timeline.events.at(-1)).toMatchObject({
        sender: changes.at(-1)![0],
        state_key: bob,
      });
      const own = left[stateKey].events.filter((each: Answer) => each.state_key === bob);
      expect(own.map((each: Answer) => each.event_id)).toEqual(
        stateKey === 'state_after' ? [left.timeline.events.at(-1).event_id] : [],
      );
    }
});

test('the timeline of a left room has the own leaving only where the filter lets it in, and else the state', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  await house.say(roomId, alice, 'seen');
  await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'leave' }, {});
  await house.rooms.changeMembership(roomId, { sender: alice, target: bob, action: 'ban' }, {});
  const leftBy = async (timeline: object, state: object = {}) =>
    (await house.next(bob, begin, { filter: { room: { timeline, state } as never } })).rooms.leave[
      roomId
    ];
  const memberships = (events: Answer[]) => events.map((each) => each.content.membership);
  const messages = { types: ['m.room.message'] };
  const told = await leftBy(messages);
  expect([bodies(told), told.timeline.events.length]).toEqual([['seen'], 1]);
  expect(memberships(told.state.events)).toEqual(['ban']);
  expect((await leftBy(messages, { not_types: ['m.room.member'] })).state.events).toEqual([]);
  expect((await leftBy({ rooms: [] })).timeline.events).toEqual([]);
  expect(memberships((await leftBy({})).timeline.events).slice(1)).toEqual(['leave', 'ban']);
});

test('a room that was forgotten is not among those that were left', async () => {
  await using house = await freshSync();
  const [kept, forgotten] = [await room(house, bob), await room(house, bob)];
  for (const roomId of [kept, forgotten])
    await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'leave' }, {});
  await house.rooms.forget(forgotten, bob, {});
  const filter = { room: { include_leave: true } };
  const answer = await house.sync(bob, { filter });
  expect(Object.keys(answer.rooms.leave)).toEqual([kept]);
  const again = await house.next(bob, answer, { filter, fullState: true });
  expect(Object.keys(again.rooms.leave)).toEqual([kept]);
});

test('a client that knows a room hears that it was left, also where it was forgotten at once', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'leave' }, {});
  await house.rooms.forget(roomId, bob, {});
  const told = await house.next(bob, begin);
  const { events } = told.rooms.leave[roomId].timeline;
  expect(events.map((each: Answer) => each.content.membership)).toEqual(['leave']);
  expect((await house.next(bob, told)).rooms).toBeUndefined();
});

test('a client that asks for all state is not told once more in the timeline that the user left', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'leave' }, {});
  const filter = { room: { include_leave: true } };
  const told = await house.next(bob, begin, { filter });
  expect(told.rooms.leave[roomId].timeline.events).toHaveLength(1);
  const again = await house.next(bob, told, { filter, fullState: true });
  const { state, timeline } = again.rooms.leave[roomId];
  expect(timeline.events).toEqual([]);
  const memberships = state.events.filter((each: Answer) => each.state_key === bob);
  expect(memberships.map((each: Answer) => each.content.membership)).toEqual(['leave']);
});

test('whoever comes back is told that what they have of the room does not join up', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'leave' }, {});
  await bringIn(house, roomId, bob);
  const filter = { room: { timeline: { limit: 100 } } };
  expect((await house.next(bob, begin, { filter })).rooms.join[roomId].timeline.limited).toBe(true);
});

test('an event of the timeline does not bring back what one that may not be seen has replaced', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  await house.setState(
    roomId,
    draft('m.room.history_visibility', { history_visibility: 'joined' }),
  );
  await setName(house, roomId, 'seen');
  await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'leave' }, {});
  await setName(house, roomId, 'not seen');
  await bringIn(house, roomId, bob);
  const filter = { room: { timeline: { limit: 100 } } };
  const joined = (await house.sync(bob, { filter })).rooms.join[roomId];
  expect(content(joined.state.events, 'm.room.name').name).toBe('not seen');
  expect(content(joined.timeline.events, 'm.room.name')).toBeUndefined();
  expect(joined.timeline.limited).toBe(true);
});

const ignore = (house: SyncUnderTest, userId: UserId, whom: UserId) =>
  house.accountData.put(
    { userId, roomId: null, type: 'm.ignored_user_list' },
    { ignored_users: { [whom]: {} } },
  );

const invitePermission = (house: SyncUnderTest, userId: UserId, config: JsonObject) =>
  house.accountData.put({ userId, roomId: null, type: 'm.invite_permission_config' }, config);

const withoutAge = (event: Answer) =>
  expect.objectContaining({ event_id: event.event_id, content: event.content });
