import { expect, test } from 'vitest';
import type { RoomId } from '../../protocol/identifiers.ts';
import { SmallRooms } from './small-rooms.ts';

const room = '!r:x' as RoomId;

test('a room is counted once, and again when its members have changed', async () => {
  let counts = 0;
  const small = new SmallRooms(async (roomIds) => {
    counts++;
    return roomIds;
  });
  for (let time = 0; time < 2; time++) expect((await small.among([room]))(room)).toBe(true);
  small.forget(room);
  await small.among([room]);
  expect(counts).toBe(2);
});

test('what was counted before a change that was committed meanwhile is not kept', async () => {
  const sizes = [true, false];
  const small: SmallRooms = new SmallRooms(async (roomIds) => {
    small.forget(room);
    return sizes.shift() ? roomIds : [];
  });
  expect((await small.among([room]))(room)).toBe(true);
  expect((await small.among([room]))(room)).toBe(false);
});
