import { expect, test } from 'vitest';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { Device } from './device.ts';

const room = '!r:x' as RoomId;
const [bob, carol] = ['@bob:x', '@carol:x'] as [UserId, UserId];

test('a member that was sent is known', () => {
  const device = new Device();
  device.membersSent(room, [bob], 10);
  device.resumesFrom(10);
  expect([device.knowsMember(room, bob), device.knowsMember(room, carol)]).toEqual([true, false]);
});

test('a client that asks again from before an answer has not got its members', () => {
  const device = new Device();
  device.membersSent(room, [bob], 10);
  device.membersSent(room, [carol], 12);
  device.resumesFrom(10);
  expect([device.knowsMember(room, bob), device.knowsMember(room, carol)]).toEqual([true, false]);
});

test('members of a lost answer stay unknown when the next answer does not need them', () => {
  const device = new Device();
  device.membersSent(room, [bob], 10);
  device.resumesFrom(5);
  device.membersSent(room, [carol], 12);
  device.resumesFrom(12);
  expect(device.knowsMember(room, bob)).toBe(false);
});

test('members of one room can be forgotten alone', () => {
  const device = new Device();
  const other = '!o:x' as RoomId;
  device.membersSent(room, [bob], 10);
  device.membersSent(other, [bob], 10);
  device.forgetMembers(room);
  expect([device.knowsMember(room, bob), device.knowsMember(other, bob)]).toEqual([false, true]);
});
