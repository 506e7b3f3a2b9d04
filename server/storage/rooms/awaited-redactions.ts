import type { EventId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';
import { type StoredEvent, shown } from './events.ts';

/** Redactions that came before these events, those first that came first. */
export const redactionsAwaiting = (
  database: Database,
  roomNid: number,
  targetIds: readonly EventId[],
) =>
  database.query<StoredEvent>(
    'redactions_awaiting',
    `${shown(`SELECT * FROM event WHERE event_nid = ANY (ARRAY(
       SELECT event_nid FROM awaited_redaction
       WHERE room_nid = $1 AND target_id = ANY ($2::text[])))`)} ORDER BY e.event_nid`,
    [roomNid, targetIds],
  );

interface Awaited {
  readonly roomNid: number;
  readonly targetId: EventId;
  readonly eventNid: number;
}

export const awaitedRedactionRow = ({ roomNid, targetId, eventNid }: Awaited): Row => ({
  write: PUT_AWAITED,
  values: [roomNid, targetId, eventNid],
});

/** The event is there. */
export const noAwaitedRedactionRow = ({ roomNid, targetId }: Omit<Awaited, 'eventNid'>): Row => ({
  write: DELETE_AWAITED,
  values: [roomNid, targetId],
});

const PUT_AWAITED: Write = {
  name: 'put_awaited_redaction',
  table: 'awaited_redaction',
  sql: `INSERT INTO awaited_redaction (room_nid, target_id, event_nid)
    SELECT * FROM unnest($1::int8[], $2::text[], $3::int8[])`,
  types: ['int8', 'text', 'int8'],
};

const DELETE_AWAITED: Write = {
  name: 'delete_awaited_redaction',
  table: 'awaited_redaction (of an event)',
  sql: `DELETE FROM awaited_redaction AS kept
    USING unnest($1::int8[], $2::text[]) AS gone (room_nid, target_id)
    WHERE kept.room_nid = gone.room_nid AND kept.target_id = gone.target_id`,
  types: ['int8', 'text'],
};
