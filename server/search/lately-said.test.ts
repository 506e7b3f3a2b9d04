import { expect, test } from 'vitest';
import type { PlacedRecord } from '../log/change.ts';
import type { Event } from '../protocol/event.ts';
import type { EventId, RoomId, UserId } from '../protocol/identifiers.ts';
import type { Rooms } from '../rooms/rooms.ts';
import { LatelySaid } from './lately-said.ts';

const roomId = '!r:x' as RoomId;

test('what was committed lately is told in its order, up to where it is asked for, and so many at once', () => {
  const { said, lately } = following();
  for (const position of [11, 13, 14, 20]) said(position);
  expect(positionsIn(lately, 10, 14, 100)).toEqual([11, 13, 14]);
  expect(positionsIn(lately, 10, 20, 2)).toEqual([11, 13]);
  expect(positionsIn(lately, 13, 20, 2)).toEqual([14, 20]);
  expect(positionsIn(lately, 20, 25, 2)).toEqual([]);
});

test('nothing is told of what was before it began, nor behind what is not in memory', () => {
  const { said, lately, forgotten } = following();
  said(11);
  expect(positionsIn(lately, 9, 11, 100)).toBeUndefined();
  forgotten.add(12);
  said(12);
  said(13);
  expect(positionsIn(lately, 11, 13, 100)).toBeUndefined();
  expect(positionsIn(lately, 12, 13, 100)).toEqual([13]);
});

test.each<PlacedRecord['record']['kind'] | 'redaction'>([
  ...(['redaction', 'room-entered', 'room-deleted', 'history-purged'] as const),
])('a record of kind %s may have changed what was said: it is read again', (kind) => {
  const { said, lately } = following();
  said(11);
  if (kind === 'redaction') said(12, 'm.room.redaction');
  else lately.note([{ position: 12, record: { kind, roomId } as PlacedRecord['record'] }]);
  said(13);
  expect(positionsIn(lately, 10, 13, 100)).toBeUndefined();
  expect(positionsIn(lately, 12, 13, 100)).toEqual([13]);
});

test('nor is what was noted told where something was redacted of which no record tells', () => {
  const { said, lately, shown } = following();
  said(11);
  shown.changes++;
  expect(positionsIn(lately, 10, 11, 100)).toBeUndefined();
  said(12);
  expect(positionsIn(lately, 11, 12, 100)).toEqual([12]);
});

test('no more is held than a bound, by number and by weight', () => {
  const many = following();
  for (let position = 11; position <= 1_011; position++) many.said(position);
  expect(positionsIn(many.lately, 10, 2_000, 5_000)).toBeUndefined();
  expect(positionsIn(many.lately, 1_011, 2_000, 5_000)).toEqual([]);
  const heavy = following({ bytes: 1_500_000 });
  heavy.said(11);
  expect(positionsIn(heavy.lately, 10, 12, 100)).toEqual([11]);
  heavy.said(12);
  expect(positionsIn(heavy.lately, 10, 12, 100)).toBeUndefined();
});

test('what was told and asked behind makes place for more', () => {
  const { said, lately } = following({ bytes: 1_500_000 });
  for (let position = 11; position <= 20; position++) {
    said(position);
    expect(positionsIn(lately, position - 1, position, 100)).toEqual([position]);
    lately.in({ after: position, upTo: position, limit: 100 });
  }
});

/** A memory that has all that is said, but for what it has forgotten. It begins at 10. */
function following({ bytes = 1_000 } = {}) {
  const types = new Map<number, string>();
  const forgotten = new Set<number>();
  const justCommitted: Rooms['justCommitted'] = (position) =>
    forgotten.has(position)
      ? undefined
      : { event: eventOf(types.get(position)!, bytes), roomNid: 1 };
  const shown = { changes: 0 };
  const lately = new LatelySaid({ justCommitted, shownChanges: () => shown.changes }, 10);
  const said = (position: number, type = 'm.room.message') => {
    types.set(position, type);
    const eventId = `$${position}` as EventId;
    lately.note([{ position, record: { kind: 'event', roomId, eventId } }]);
  };
  return { said, lately, forgotten, shown };
}

const eventOf = (type: string, bytes: number) =>
  ({
    ...{ type, sender: '@a:x' as UserId, content: { body: 'um' } },
    canonical: ' '.repeat(bytes),
  }) as unknown as Event;

const positionsIn = (lately: LatelySaid, after: number, upTo: number, limit: number) =>
  lately.in({ after, upTo, limit })?.map(({ position }) => position);
