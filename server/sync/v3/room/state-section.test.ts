import { expect, test } from 'vitest';
import { alice, bob, carol } from '../../../../test/support/rooms.ts';
import { type Answer, freshSync } from '../../../../test/support/sync.ts';
import { bodies, content, room, setName } from '../../../../test/support/sync-answers.ts';

test('the state of an initial sync is that at the start of the timeline', async () => {
  await using house = await freshSync();
  const roomId = await room(house);
  await setName(house, roomId, 'before');
  for (const body of ['1', '2', '3']) await house.say(roomId, alice, body);
  await setName(house, roomId, 'after');
  const filter = { room: { timeline: { limit: 2 } } };
  const { state, timeline } = (await house.sync(alice, { filter })).rooms.join[roomId];
  expect(timeline.limited).toBe(true);
  expect(content(timeline.events, 'm.room.name').name).toBe('after');
  expect(content(state.events, 'm.room.name').name).toBe('before');
});

test('with use_state_after the state is that at the end of the timeline', async () => {
  await using house = await freshSync();
  const roomId = await room(house);
  await setName(house, roomId, 'before');
  const begin = await house.sync(alice);
  await setName(house, roomId, 'after');
  await house.say(roomId, alice, 'hello');
  for (const query of [{}, { since: begin.next_batch }]) {
    const answer = await house.sync(alice, { ...query, stateKey: 'state_after' });
    const joined = answer.rooms.join[roomId];
    expect(content(joined.state_after.events, 'm.room.name').name).toBe('after');
    expect(joined.state).toBeUndefined();
  }
});

test('with use_state_after the section is there also when it is empty', async () => {
  await using house = await freshSync();
  const roomId = await room(house);
  const begin = await house.sync(alice);
  await house.say(roomId, alice, 'hello');
  const stateKey = 'org.matrix.msc4222.state_after';
  const answer = await house.next(alice, begin, { stateKey });
  expect(answer.rooms.join[roomId][stateKey]).toEqual({ events: [] });
});

test('a change of state that the filter keeps from the timeline is told as state', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  await house.say(roomId, alice, '1');
  await setName(house, roomId, 'new');
  await house.say(roomId, alice, '2');
  const filter = { room: { timeline: { types: ['m.room.message'] } } };
  const joined = (await house.next(bob, begin, { filter })).rooms.join[roomId];
  expect(bodies(joined)).toEqual(['1', '2']);
  expect(content(joined.state.events, 'm.room.name').name).toBe('new');
});

test('full_state has the state of all rooms again', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  const joined = (await house.next(bob, begin, { fullState: true, timeoutMs: 60_000 })).rooms.join[
    roomId
  ];
  expect(joined.timeline.events).toEqual([]);
  expect(content(joined.state.events, 'm.room.create')).toBeDefined();
});

test('with lazy loading only senders, heroes and the reader come along, and only once', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob, carol);
  for (let n = 0; n < 5; n++) await house.say(roomId, alice, `${n}`);
  await setName(house, roomId, 'named, so without heroes');
  const filter = {
    room: { state: { lazy_load_members: true }, timeline: { limit: 2 } },
  };
  const members = (answer: Answer) =>
    (answer.rooms.join[roomId].state.events as Answer[])
      .filter((each) => each.type === 'm.room.member')
      .map((each) => each.state_key)
      .sort();
  const first = await house.sync(bob, { filter });
  expect(members(first)).toEqual([alice, bob]);
  await house.say(roomId, alice, 'again');
  const second = await house.next(bob, first, { filter });
  expect(members(second)).toEqual([]);
  await house.say(roomId, carol, 'me too');
  const lost = await house.next(bob, second, { filter });
  expect(members(lost)).toEqual([carol]);
  expect(members(await house.next(bob, second, { filter }))).toEqual([carol]);
  const redundant = { room: { state: { ...filter.room.state, include_redundant_members: true } } };
  expect(members(await house.next(bob, first, { filter: redundant }))).toEqual([alice, carol]);
});

test('a room without a name has heroes, whose membership comes along', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob, carol);
  const filter = { room: { state: { lazy_load_members: true }, timeline: { limit: 1 } } };
  const joined = (await house.sync(bob, { filter })).rooms.join[roomId];
  expect(joined.summary['m.heroes'].toSorted()).toEqual([alice, carol]);
  const keys = [...joined.state.events, ...joined.timeline.events].map((each) => each.state_key);
  expect(keys).toEqual(expect.arrayContaining([alice, bob, carol]));
});
