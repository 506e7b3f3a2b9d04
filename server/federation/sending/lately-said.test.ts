import { expect, test } from 'vitest';
import type { LogRecord } from '../../log/records.ts';
import type { Event } from '../../protocol/event.ts';
import type { EventId, RoomId, ServerName, UserId } from '../../protocol/identifiers.ts';
import { LatelySaid } from './lately-said.ts';

const own = 'example.org' as ServerName;
const roomId = '!r:example.org' as RoomId;

test('what our users said is told in its order, as it goes over the wire', () => {
  const { said, lately } = following();
  said(11, { canonical: '{"written":true}' });
  said(13);
  said(14, { type: 'm.room.topic', stateKey: '' });
  const found = lately.in({ after: 10, upTo: 14, limit: 100 })!;
  expect(found.map(({ position }) => position)).toEqual([11, 13, 14]);
  expect(found.map(({ pdu }) => pdu.text)).toEqual(['{"written":true}', '{"a":2,"b":1}', AS_MADE]);
  expect(found[2]).toMatchObject({
    ...{ roomId, roomNid: 1, type: 'm.room.topic', stateKey: '', sender: '@a:example.org' },
    ...{ memberJson: null, replacedJson: null },
    pdu: { position: 14, roomNid: 1, eventId: '$14', bytes: AS_MADE.length, holders: 0 },
  });
});

test('what others said is not ours to send, nor looked for', () => {
  const { said, lately } = following();
  said(11, { sender: '@a:other.org' as UserId });
  said(12);
  expect(positionsIn(lately, 10, 12)).toEqual([12]);
});

test('where nobody else is nothing is held, and nobody looks', () => {
  const { lately, asked } = following();
  lately.note({ position: 11, record: eventAt(11) }, false);
  expect([positionsIn(lately, 10, 11), asked]).toEqual([[], []]);
});

test('what this server does not have at hand is read, and what is before it', () => {
  const { said, lately } = following();
  said(11);
  lately.note({ position: 12, record: eventAt(12) }, true);
  said(13);
  expect(positionsIn(lately, 10, 13)).toBeUndefined();
  expect(positionsIn(lately, 12, 13)).toEqual([13]);
});

test.each(['m.room.member', 'm.room.redaction'])(
  'an event of type %s, by whomever, may change who is to get what: it is read',
  (type) => {
    for (const sender of ['@a:example.org', '@a:other.org'] as UserId[]) {
      const { said, lately } = following();
      said(11);
      said(12, { type, sender });
      expect(positionsIn(lately, 10, 12)).toBeUndefined();
      expect(positionsIn(lately, 11, 12)).toBeUndefined();
      said(13);
      expect(positionsIn(lately, 12, 13)).toEqual([13]);
    }
  },
);

test.each<LogRecord>([
  { kind: 'state', roomId, type: 'm.room.member', stateKey: '@b:other.org', eventNid: 5 },
  { kind: 'room-entered', roomId },
  { kind: 'room-deleted', roomId },
  { kind: 'history-purged', roomId },
])('a record of kind $kind may have changed what was said: it is read', (record) => {
  const { said, lately } = following();
  said(11);
  lately.note({ position: 12, record }, false);
  expect(positionsIn(lately, 10, 12)).toBeUndefined();
});

test('state that is no membership changes nothing of it', () => {
  const { said, lately } = following();
  said(11, { type: 'm.room.topic', stateKey: '' });
  const record = { kind: 'state', roomId, type: 'm.room.topic', stateKey: '' } as const;
  lately.note({ position: 12, record: { ...record, eventNid: 11 } }, false);
  expect(positionsIn(lately, 10, 12)).toEqual([11]);
});

test('no more than some MiB are held: then it is read', () => {
  const { said, lately } = following();
  const canonical = 'x'.repeat(1_048_576);
  for (const position of [11, 12, 13, 14]) said(position, { canonical });
  expect(positionsIn(lately, 10, 14)).toEqual([11, 12, 13, 14]);
  said(15, { canonical });
  expect(positionsIn(lately, 10, 15)).toBeUndefined();
});

const AS_MADE = '{"a":2,"b":1}';

/** Begins at 10, with all that is said in memory. */
function following() {
  const events = new Map<number, Event>();
  const asked: number[] = [];
  const justCommitted = (position: number) => {
    asked.push(position);
    const event = events.get(position);
    return event && { roomNid: 1, event };
  };
  const lately = new LatelySaid({ own, justCommitted }, 10);
  const said = (position: number, but: Partial<Event> = {}) => {
    const sender = '@a:example.org' as UserId;
    const eventId = `$${position}` as EventId;
    const made = { roomId, eventId, sender, type: 'm.room.message', pdu: { b: 1, a: 2 } };
    events.set(position, { ...made, ...but } as Event);
    lately.note({ position, record: eventAt(position) }, true);
  };
  return { said, lately, asked };
}

const eventAt = (position: number): LogRecord => ({
  ...({ kind: 'event', roomId } as const),
  eventId: `$${position}` as EventId,
});

const positionsIn = (lately: LatelySaid, after: number, upTo: number) =>
  lately.in({ after, upTo, limit: 100 })?.map(({ position }) => position);
