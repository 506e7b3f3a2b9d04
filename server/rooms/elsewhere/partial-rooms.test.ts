import { expect, test } from 'vitest';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { PartialRooms } from './partial-rooms.ts';

const room = '!r:far.example' as RoomId;
const alice = '@alice:example.org' as UserId;
const bob = '@bob:example.org' as UserId;

test('whoever waits for much waits for themselves', async () => {
  const rooms = new PartialRooms();
  let isPartial = true;
  const waits = (userId: UserId) => rooms.whenWhole(room, async () => isPartial, { userId });
  const waiting = Array.from({ length: 20 }, () => waits(alice));
  await expect(waits(alice)).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED' });
  const other = waits(bob);
  await new Promise((resolve) => setImmediate(resolve));
  isPartial = false;
  rooms.becameWhole(room);
  await Promise.all([...waiting, other]);
  isPartial = true;
  const again = waits(alice);
  await new Promise((resolve) => setImmediate(resolve));
  isPartial = false;
  rooms.becameWhole(room);
  await again;
});
