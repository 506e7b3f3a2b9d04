import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { ActiveUsers } from '../active/active-users.ts';
import { EphemeralCounter } from './ephemeral-counter.ts';
import { Typing } from './typing.ts';

const [room, other] = ['!r:x', '!o:x'] as [RoomId, RoomId];
const [alice, bob] = ['@alice:x', '@bob:x'] as [UserId, UserId];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function typing() {
  const [counter, active] = [new EphemeralCounter(), new ActiveUsers()];
  return { counter, active, typing: new Typing(counter, active) };
}

test('those who type are named until they stop', () => {
  const { typing: t } = typing();
  t.begins(room, alice, 30_000);
  t.begins(room, bob, 30_000);
  t.ends(room, alice);
  expect(t.typingIn(room)).toEqual([bob]);
});

test('who does not say it again stops by the time that was given', () => {
  const { typing: t } = typing();
  t.begins(room, alice, 30_000);
  vi.advanceTimersByTime(20_000);
  t.begins(room, alice, 30_000);
  vi.advanceTimersByTime(20_000);
  expect(t.typingIn(room)).toEqual([alice]);
  vi.advanceTimersByTime(10_000);
  expect(t.typingIn(room)).toEqual([]);
});

test('saying it again is no change for others', () => {
  const { typing: t, counter } = typing();
  t.begins(room, alice, 30_000);
  const before = counter.value;
  t.begins(room, alice, 30_000);
  expect(counter.value).toBe(before);
});

test('a change is news for those in the room', () => {
  const { typing: t, active, counter } = typing();
  const [inside, outside] = [active.enter(alice, [room], 0), active.enter(bob, [other], 0)];
  t.begins(room, bob, 30_000);
  expect([inside.hasNewsAfter(0, 0), outside.hasNewsAfter(0, 0)]).toEqual([true, false]);
  expect(inside.hasNewsAfter(0, counter.value)).toBe(false);
});

test('each user is noted the rooms in which typing changed, also where nobody types any more', () => {
  const { typing: t, active, counter } = typing();
  const user = active.enter(alice, [room, other], 0);
  t.begins(room, bob, 30_000);
  const between = counter.value;
  t.begins(other, bob, 30_000);
  t.ends(other, bob);
  expect(user.typing.after(between)).toEqual([other]);
  expect(user.typing.after(counter.value)).toEqual([]);
  expect([...t.rooms()]).toEqual([room]);
});
