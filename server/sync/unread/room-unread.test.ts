import { expect, test } from 'vitest';
import { RoomUnread } from './room-unread.ts';

const event = (position: number, more: { threadId?: string; highlight?: boolean } = {}) => ({
  position,
  threadId: 'main',
  highlight: false,
  ...more,
});
const readTo = (all: number, threads: Record<string, number> = {}) => ({
  all,
  threads: new Map(Object.entries(threads)),
});

function unreadOf(unread: RoomUnread) {
  const { notification_count, highlight_count } = unread.counts({ threadsApart: false }).counts;
  return [notification_count, highlight_count];
}

test('what lies behind the receipt is unread', () => {
  const unread = new RoomUnread(0);
  for (const position of [1, 2, 3]) unread.notify(event(position, { highlight: position > 1 }));
  expect(unreadOf(unread)).toEqual([3, 2]);
  unread.read(readTo(2));
  expect(unreadOf(unread)).toEqual([1, 1]);
});

test('a receipt in a thread reads that thread only', () => {
  const unread = new RoomUnread(0);
  unread.notify(event(1));
  unread.notify(event(2, { threadId: '$t' }));
  unread.read(readTo(0, { $t: 2 }));
  expect(unreadOf(unread)).toEqual([1, 0]);
  unread.read(readTo(0, { $t: 2, main: 1 }));
  expect(unreadOf(unread)).toEqual([0, 0]);
});

test('a receipt that came before its event was counted still reads it', () => {
  const unread = new RoomUnread(0);
  unread.read(readTo(5));
  unread.notify(event(5));
  unread.notify(event(6));
  unread.read(readTo(5));
  expect(unreadOf(unread)).toEqual([1, 0]);
});

test('an own message reads its thread', () => {
  const unread = new RoomUnread(0);
  unread.notify(event(1, { highlight: true }));
  unread.notify(event(2, { threadId: '$t' }));
  unread.sentIn('main');
  expect(unreadOf(unread)).toEqual([1, 0]);
});

test('a count stops at a thousand', () => {
  const unread = new RoomUnread(0);
  for (let position = 1; position <= 1_200; position++)
    unread.notify(event(position, { highlight: position <= 300 }));
  expect(unreadOf(unread)).toEqual([1_000, 100]);
});
