import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { ActiveUsers } from '../active/active-users.ts';
import { EphemeralCounter } from './ephemeral-counter.ts';
import { Presence } from './presence.ts';
import { PRESENCE_MEMBERS_MAX } from './small-rooms.ts';

const [room, other] = ['!r:x', '!o:x'] as [RoomId, RoomId];
const [alice, bob] = ['@alice:x', '@bob:x'] as [UserId, UserId];

function presence({ isTold = true, knownMax }: { isTold?: boolean; knownMax?: number } = {}) {
  const clock = { now: 1_000_000 };
  const [counter, active] = [new EphemeralCounter(), new ActiveUsers()];
  const watcher = active.enter(bob, [room], 0);
  const joined = new Map<UserId, RoomId[]>();
  const [errors, toldAbroad]: [unknown[], string[]] = [[], []];
  /** What a round waits for, behind having read the rooms of whoever changed. */
  const reading: { held?: Promise<void> } = {};
  const sizes = new Map<RoomId, number>();
  const subject = new Presence({
    counter,
    active,
    joinedRooms: async (userId) => joined.get(userId) ?? [room],
    async roomsUpTo(roomIds, members) {
      await reading.held;
      return roomIds.filter((each) => (sizes.get(each) ?? 1) <= members);
    },
    now: () => clock.now,
    tellAbroad: (userId, said, rooms) =>
      void toldAbroad.push(`${userId} ${said.presence} ${[...rooms]}`),
    isTold,
    knownMax,
    onError: (error) => void errors.push(error),
  });
  const toldIn = (roomId: RoomId, after = 0) => [...subject.toldIn(roomId, after)];
  return {
    clock,
    counter,
    active,
    watcher,
    joined,
    sizes,
    reading,
    errors,
    toldAbroad,
    toldIn,
    presence: subject,
  };
}

test('nobody is there before anything was heard of them', () => {
  expect(presence().presence.of(alice)).toEqual({ presence: 'offline' });
});

test('whoever syncs is online, and those who share a room hear of it', async () => {
  const { presence: p, toldIn } = presence();
  p.syncing(alice, 'online');
  await p.tell();
  expect(p.of(alice)).toEqual({ presence: 'online', last_active_ago: 0, currently_active: true });
  expect(toldIn(room)).toEqual([alice]);
});

test('other servers are told of whoever stays anew before they take them to be gone, and of nobody who is', async () => {
  const { presence: p, clock, toldAbroad } = presence();
  const ended = p.syncing(alice, 'unavailable');
  await p.tell();
  const sweepAfter = async (ms: number) => {
    clock.now += ms;
    p.sweep();
    await p.tell();
  };
  await sweepAfter(24 * 60_000);
  expect(toldAbroad).toEqual([`${alice} unavailable ${room}`]);
  await sweepAfter(2 * 60_000);
  expect(toldAbroad).toHaveLength(2);
  ended();
  await sweepAfter(60_000);
  expect(toldAbroad.at(-1)).toBe(`${alice} offline ${room}`);
  await sweepAfter(60 * 60_000);
  expect(toldAbroad).toHaveLength(3);
});

test('a sync that says offline changes nothing', async () => {
  const { presence: p, toldIn } = presence();
  p.syncing(alice, 'offline')();
  await p.tell();
  expect([p.of(alice).presence, toldIn(room).length]).toEqual(['offline', 0]);
});

test('whoever waits in a long poll is not offline, and whoever stopped syncing is', () => {
  const { presence: p, clock } = presence();
  const ended = p.syncing(alice, 'online');
  clock.now += 60_000;
  p.sweep();
  expect(p.of(alice).presence).toBe('online');
  ended();
  clock.now += 60_000;
  p.sweep();
  expect(p.of(alice).presence).toBe('offline');
});

test('whoever syncs and does nothing becomes idle, and comes back by doing something', () => {
  const { presence: p, clock } = presence();
  p.syncing(alice, 'online');
  clock.now += 6 * 60_000;
  p.sweep();
  expect(p.of(alice).presence).toBe('unavailable');
  p.acted(alice);
  expect(p.of(alice).presence).toBe('online');
});

test('a status message goes with the presence that was set', async () => {
  const { presence: p, counter } = presence();
  p.set(alice, 'unavailable', 'at lunch');
  await p.tell();
  const before = counter.value;
  p.set(alice, 'unavailable', 'at lunch');
  await p.tell();
  expect(p.of(alice)).toMatchObject({ presence: 'unavailable', status_msg: 'at lunch' });
  expect(counter.value).toBe(before);
});

test('changes of many are told together, with one counter', async () => {
  const { presence: p, toldIn, counter } = presence();
  p.set(alice, 'online');
  p.set('@carol:x' as UserId, 'online');
  await p.tell();
  expect(toldIn(room)).toEqual([alice, '@carol:x']);
  expect(counter.value).toBe(1);
});

test('whoever comes to a room is told there, and to nobody who had been told before', async () => {
  const { presence: p, toldIn, joined, counter } = presence();
  p.set(alice, 'online');
  await p.tell();
  const before = counter.value;
  joined.set(alice, [room, other]);
  p.moved(alice, other);
  await p.tell();
  expect([toldIn(room, before), toldIn(other, before)]).toEqual([[], [alice]]);
});

test('whoever has gone from a room is not told there any more', async () => {
  const { presence: p, toldIn, joined } = presence();
  joined.set(alice, [room, other]);
  p.set(alice, 'online');
  await p.tell();
  joined.set(alice, [other]);
  p.moved(alice, room);
  await p.tell();
  p.set(alice, 'unavailable');
  await p.tell();
  expect([toldIn(room), toldIn(other)]).toEqual([[], [alice]]);
});

test('in a room of more than 300 members nobody is told of anybody', async () => {
  const { presence: p, toldIn, joined, sizes } = presence();
  joined.set(alice, [room, other]);
  sizes.set(room, PRESENCE_MEMBERS_MAX);
  sizes.set(other, PRESENCE_MEMBERS_MAX + 1);
  p.set(alice, 'online');
  await p.tell();
  expect([toldIn(room), toldIn(other)]).toEqual([[alice], []]);
  sizes.set(room, PRESENCE_MEMBERS_MAX + 1);
  p.moved('@new:x' as UserId, room);
  p.set(alice, 'unavailable');
  await p.tell();
  expect(toldIn(room)).toEqual([]);
});

test('a round that is slow puts nobody back into a room that they have left meanwhile', async () => {
  const { presence: p, toldIn, joined, reading } = presence();
  const slow = Promise.withResolvers<void>();
  reading.held = slow.promise;
  joined.set(alice, [room, other]);
  p.set(alice, 'online');
  const first = p.tell();
  await turn();
  joined.set(alice, [other]);
  delete reading.held;
  p.moved(alice, room);
  const second = p.tell();
  await turn();
  slow.resolve();
  await Promise.all([first, second]);
  expect([toldIn(room), toldIn(other)]).toEqual([[], [alice]]);
});

test('what could not be told since a read failed is told in the next round', async () => {
  const { presence: p, toldIn, reading, errors } = presence();
  reading.held = Promise.reject(new Error('the database is away'));
  p.set(alice, 'online');
  await p.tell();
  expect([errors.length, toldIn(room)]).toEqual([1, []]);
  delete reading.held;
  await p.tell();
  expect(toldIn(room)).toEqual([alice]);
});

test('that somebody came to a room is told in the next round, if a read failed', async () => {
  const { presence: p, toldIn, joined, reading } = presence();
  p.set(alice, 'online');
  await p.tell();
  joined.set(alice, [room, other]);
  p.moved(alice, other);
  reading.held = Promise.reject(new Error('the database is away'));
  await p.tell();
  delete reading.held;
  await p.tell();
  expect(toldIn(other)).toEqual([alice]);
});

test('in a room that becomes small enough those who are there are told of at once', async () => {
  const { presence: p, toldIn, active, sizes } = presence();
  active.enter(alice, [room], 0);
  sizes.set(room, PRESENCE_MEMBERS_MAX + 1);
  p.set(alice, 'online');
  await p.tell();
  expect(toldIn(room)).toEqual([]);
  sizes.set(room, PRESENCE_MEMBERS_MAX);
  p.moved('@gone:x' as UserId, room);
  await p.tell();
  expect(toldIn(room)).toEqual([alice]);
});

test('the event is made once a second for all who are told, and anew when it changes', () => {
  const { presence: p, clock } = presence();
  p.set(alice, 'online', 'here');
  const first = p.eventOf(alice)!;
  expect(JSON.parse(first)).toMatchObject({ sender: alice, content: { status_msg: 'here' } });
  clock.now += 500;
  expect(p.eventOf(alice)).toBe(first);
  clock.now += 500;
  expect(JSON.parse(p.eventOf(alice)!).content.last_active_ago).toBe(1_000);
  p.set(alice, 'online', 'gone');
  expect(JSON.parse(p.eventOf(alice)!).content.status_msg).toBe('gone');
});

test('those who are woken make their answers a few in each turn, when all of them have news', async () => {
  const { presence: p, active, counter } = presence();
  const users = Array.from({ length: 100 }, (_, index) =>
    active.enter(`@${index}:x` as UserId, [room], 0),
  );
  const turns = users.map(async (user) => {
    await new Promise<void>((wake) => user.atNews({ wake }));
    expect(users.every((each) => each.hasNewsAfter(0, counter.value - 1))).toBe(true);
    return loop.turns;
  });
  const loop = countTurns();
  p.set(alice, 'online');
  await p.tell();
  const byTurn = Map.groupBy(await Promise.all(turns), (each) => each);
  expect(Math.max(...[...byTurn.values()].map((each) => each.length))).toBeLessThanOrEqual(20);
  loop.stop();
});

test('of whom nothing was heard for a day nothing is known', async () => {
  const { presence: p, clock, toldIn } = presence();
  p.set(alice, 'offline', 'gone fishing');
  await p.tell();
  clock.now += 24 * 3_600_000;
  p.sweep();
  expect(p.of(alice)).toMatchObject({ status_msg: 'gone fishing' });
  clock.now += 1;
  p.sweep();
  expect([p.of(alice), toldIn(room)]).toEqual([{ presence: 'offline' }, []]);
});

test('of more than memory is for, whoever is gone is forgotten, behind having been told of', async () => {
  const { presence: p, clock, toldIn } = presence({ knownMax: 1 });
  p.syncing(alice, 'online')();
  const ended = p.syncing(bob, 'online');
  await p.tell();
  clock.now += 60_000;
  p.sweep();
  await p.tell();
  expect(p.of(alice)).toMatchObject({ presence: 'offline', last_active_ago: 60_000 });
  p.sweep();
  expect([p.of(alice), toldIn(room)]).toEqual([{ presence: 'offline' }, [bob]]);
  ended();
});

test('switched off, nobody is known to be there', async () => {
  const { presence: p, toldIn } = presence({ isTold: false });
  p.syncing(alice, 'online');
  p.set(alice, 'online', 'here');
  await p.tell();
  expect([p.of(alice), toldIn(room).length]).toEqual([{ presence: 'offline' }, 0]);
});

function countTurns() {
  const loop = { turns: 0, stop: () => clearImmediate(next) };
  let next = setImmediate(function again() {
    loop.turns++;
    next = setImmediate(again);
  });
  return loop;
}
