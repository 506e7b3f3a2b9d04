import { expect, test } from 'vitest';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { ActiveUsers } from '../active/active-users.ts';
import { EphemeralCounter } from './ephemeral-counter.ts';
import { Presence } from './presence.ts';

const room = '!r:x' as RoomId;
const [alice, bob] = ['@alice:x', '@bob:x'] as [UserId, UserId];

function presence({ isTold = true } = {}) {
  const clock = { now: 1_000_000 };
  const [counter, active] = [new EphemeralCounter(), new ActiveUsers()];
  const watcher = active.enter(bob, [room], 0);
  const subject = new Presence({
    counter,
    active,
    joinedRooms: async () => [room],
    now: () => clock.now,
    isTold,
    onError: (error) => {
      throw error;
    },
  });
  return { clock, counter, watcher, presence: subject };
}

test('nobody is there before anything was heard of them', () => {
  expect(presence().presence.of(alice)).toEqual({ presence: 'offline' });
});

test('whoever syncs is online, and those who share a room hear of it', async () => {
  const { presence: p, watcher } = presence();
  p.syncing(alice, 'online');
  await p.tell();
  expect(p.of(alice)).toEqual({ presence: 'online', last_active_ago: 0, currently_active: true });
  expect(watcher.presence.after(0)).toEqual([alice]);
});

test('a sync that says offline changes nothing', async () => {
  const { presence: p, watcher } = presence();
  p.syncing(alice, 'offline')();
  await p.tell();
  expect([p.of(alice).presence, watcher.presence.after(0).length]).toEqual(['offline', 0]);
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
  const { presence: p, watcher, counter } = presence();
  p.set(alice, 'online');
  p.set('@carol:x' as UserId, 'online');
  await p.tell();
  expect(watcher.presence.after(0)).toEqual([alice, '@carol:x']);
  expect(counter.value).toBe(1);
});

test('switched off, nobody is known to be there', async () => {
  const { presence: p, watcher } = presence({ isTold: false });
  p.syncing(alice, 'online');
  p.set(alice, 'online', 'here');
  await p.tell();
  expect([p.of(alice), watcher.presence.after(0).length]).toEqual([{ presence: 'offline' }, 0]);
});
