import { expect, test } from 'vitest';
import type { EventId, RoomId, UserId } from '../../protocol/identifiers.ts';
import type { PlacedReceipt } from '../../storage/receipts.ts';
import { RecentReceipts } from './recent-receipts.ts';

const roomId = '!r:x' as RoomId;
const receipt = (position: number, room = roomId): PlacedReceipt => ({
  ...{ roomId: room, userId: '@a:x' as UserId, type: 'm.read', threadId: '' },
  ...{ eventId: '$e' as EventId, eventPosition: 1, ts: 1, position },
});
const positions = (receipts: readonly PlacedReceipt[] | undefined) =>
  receipts?.map((each) => each.position);

test('it answers for what it has seen, in the range asked for, and for nothing before', () => {
  const recent = new RecentReceipts(10);
  for (const position of [11, 12, 13]) recent.add(receipt(position));
  const of = (after: number, upTo: number) => positions(recent.ofRoom({ roomId, after, upTo }));
  expect([of(10, 12), of(12, 99), of(9, 99)]).toEqual([[11, 12], [13], undefined]);
  expect(recent.ofRoom({ roomId: '!o:x' as RoomId, after: 10, upTo: 99 })).toEqual([]);
});

test('of a room so many are kept, and it knows what it has let go', () => {
  const recent = new RecentReceipts(0);
  for (let position = 1; position <= 513; position++) recent.add(receipt(position));
  const of = (after: number) => positions(recent.ofRoom({ roomId, after, upTo: 999 }));
  expect([of(255), of(256)?.length]).toEqual([undefined, 257]);
});

test('of rooms so many are kept, and of the rest nothing is said to be known', () => {
  const recent = new RecentReceipts(0);
  for (let n = 0; n <= 10_000; n++) recent.add(receipt(n + 1, `!${n}:x` as RoomId));
  const of = (room: string, after: number) =>
    positions(recent.ofRoom({ roomId: room as RoomId, after, upTo: 99_999 }));
  expect([of('!0:x', 0), of('!0:x', 1), of('!1:x', 0)]).toEqual([undefined, [], [2]]);
});
