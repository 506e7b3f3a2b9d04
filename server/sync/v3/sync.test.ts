import { expect, test, vi } from 'vitest';
import { alice, bob, carol } from '../../../test/support/rooms.ts';
import { type Answer, freshSync, openSync } from '../../../test/support/sync.ts';
import { bodies, room } from '../../../test/support/sync-answers.ts';

test('an initial sync has the rooms with their state and the newest messages', async () => {
  await using house = await freshSync();
  const roomId = await room(house);
  await house.say(roomId, alice, 'hello');
  const answer = await house.sync(alice);
  const joined = answer.rooms.join[roomId];
  expect(bodies(joined)).toEqual(['hello']);
  const types = [...joined.state.events, ...joined.timeline.events].map((each) => each.type);
  expect(types).toContain('m.room.create');
  expect(joined.timeline.events.every((each: Answer) => each.room_id === undefined)).toBe(true);
  expect(answer.account_data.events.map((each: Answer) => each.type)).toEqual(['m.push_rules']);
  expect(answer.device_one_time_keys_count).toEqual({ signed_curve25519: 0 });
  expect(answer.device_unused_fallback_key_types).toEqual([]);
});

test('what happens is told once', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  await house.say(roomId, alice, 'one');
  const first = await house.next(bob, begin);
  expect(bodies(first.rooms.join[roomId])).toEqual(['one']);
  const second = await house.next(bob, first);
  expect(second.rooms).toBeUndefined();
  await house.say(roomId, alice, 'two');
  expect(bodies((await house.next(bob, second)).rooms.join[roomId])).toEqual(['two']);
});

test('a long poll answers as soon as something is committed', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  const waiting = house.next(bob, begin, { timeoutMs: 60_000 });
  await house.say(roomId, alice, 'wake up');
  expect(bodies((await waiting).rooms.join[roomId])).toEqual(['wake up']);
});

test('a long poll in which nothing happens ends with an empty answer that goes on from now', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  await room(house);
  const begin = await house.sync(bob);
  await room(house, carol);
  const answer = await house.next(bob, begin, { timeoutMs: 50 });
  expect(Object.keys(answer).sort()).toEqual([
    'device_one_time_keys_count',
    'device_unused_fallback_key_types',
    'next_batch',
  ]);
  expect(answer.next_batch).not.toBe(begin.next_batch);
  await house.say(roomId, alice, 'later');
  expect(bodies((await house.next(bob, answer)).rooms.join[roomId])).toEqual(['later']);
});

test('a server that stops ends long polls with an empty and valid answer', async () => {
  await using house = await freshSync();
  await room(house, bob);
  const begin = await house.sync(bob);
  const waiting = house.next(bob, begin, { timeoutMs: 60_000 });
  house.close();
  const answer = await waiting;
  expect(answer.rooms).toBeUndefined();
  expect(answer.next_batch).toBeDefined();
});

test('two devices of one user are told the same', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const [one, two] = [await house.sync(bob), await house.sync(bob, { deviceId: 'LAPTOP' })];
  const both = [
    house.next(bob, one, { timeoutMs: 60_000 }),
    house.next(bob, two, { deviceId: 'LAPTOP', timeoutMs: 60_000 }),
  ];
  await house.say(roomId, alice, 'to both');
  for (const answer of await Promise.all(both)) {
    expect(bodies(answer.rooms.join[roomId])).toEqual(['to both']);
    expect(answer.rooms.join[roomId].unread_notifications.notification_count).toBe(1);
  }
});

const _once = { outcome: () => undefined };

test.each(['before', 'behind'])(
  'what is committed while a user comes into memory is told once (%s their rooms are read)',
  async (when) => {
    await using house = await freshSync();
    const roomId = await room(house, bob);
    await using cold = await openSync(house.fresh);
    const roomsOf = cold.rooms.roomsOf.bind(cold.rooms);
    const meanwhile = () => cold.say(roomId, alice, 'meanwhile');
    vi.spyOn(cold.rooms, 'roomsOf').mockImplementationOnce(async (userId) => {
      if (when === 'before') await meanwhile();
      const rooms = await roomsOf(userId);
      if (when === 'behind') await meanwhile();
      return rooms;
    });
    const first = await cold.sync(bob);
    const second = await cold.next(bob, first);
    const told = [first, second].flatMap((answer) => bodies(answer.rooms?.join[roomId] ?? NOTHING));
    expect(told).toEqual(['meanwhile']);
  },
);

test('an answer shows the rooms of the user as they were where it is cut, though they leave meanwhile', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const changed = house.accountData.changed.bind(house.accountData);
  vi.spyOn(house.accountData, 'changed').mockImplementationOnce(async (...question) => {
    await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'leave' }, {});
    return changed(...question);
  });
  const first = await house.sync(bob, { filter: { room: { include_leave: true } } });
  expect([Object.keys(first.rooms.join), first.rooms.leave]).toEqual([[roomId], undefined]);
  const second = await house.next(bob, first);
  expect([second.rooms.join, Object.keys(second.rooms.leave)]).toEqual([undefined, [roomId]]);
});

test('whoever comes when all waiting has ended waits no more', async () => {
  await using house = await freshSync();
  const begin = await house.sync(bob);
  house.close();
  expect((await house.next(bob, begin, { timeoutMs: 60_000 })).rooms).toBeUndefined();
});

const NOTHING = { timeline: { events: [] } };
