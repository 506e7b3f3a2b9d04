import { expect, test } from 'vitest';
import type { EventId, RoomId, UserId } from '../../../protocol/identifiers.ts';
import type { PlacedReceipt } from '../../../storage/receipts.ts';
import { parseFilter } from '../filter/filter.ts';
import type { Reader } from '../reader.ts';
import { receiptEvents } from './ephemeral-events.ts';

const [alice, bob] = ['@alice:x', '@bob:x'] as [UserId, UserId];
const reader = { userId: bob, filter: parseFilter({}) } as Reader;

const receipt = (userId: UserId, position: number, threadId: string): PlacedReceipt => ({
  ...{ userId, roomId: '!r:x' as RoomId, type: 'm.read', threadId },
  ...{ eventId: `$${position}` as EventId, eventPosition: position, ts: 1, position },
});

const threadsTold = (receipts: PlacedReceipt[]) =>
  receiptEvents(receipts, reader).map((json) => {
    const [byType] = Object.values(JSON.parse(json).content) as [{ 'm.read': object }];
    const [told] = Object.values(byType['m.read']);
    return told.thread_id;
  });

test('of threads, so many of each member are told as people look at, the last ones, and all of the own', () => {
  const many = (userId: UserId) =>
    Array.from({ length: 1_000 }, (_, index) => receipt(userId, index + 1, `$t${userId}${index}`));
  const told = threadsTold([receipt(alice, 0, ''), ...many(alice)]);
  expect(told).toHaveLength(21);
  expect([told[0], told[1], told[20]]).toEqual([undefined, `$t${alice}980`, `$t${alice}999`]);
  expect(threadsTold(many(bob))).toHaveLength(1_000);
});
