import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Value, Write } from '../write.ts';
import { eventRow, type NewEvent } from './events.ts';

/** A room that is here, or of which no more is than its number: while it is being entered. */
export async function numberedRoom(
  database: Database,
  roomId: RoomId,
): Promise<{ readonly nid: number; readonly version: string } | undefined> {
  const [row] = await database.query<{ nid: number; version: string }>(
    'numbered_room',
    'SELECT room_nid AS nid, version FROM room WHERE room_id = $1',
    [roomId],
  );
  return row;
}

export interface NumberedEvent {
  readonly eventId: EventId;
  readonly nid: number;
  readonly roomNid: number;
}

/** Also of events whose room has no head yet. */
export const numbersOfEvents = (database: Database, eventIds: readonly EventId[]) =>
  database.query<NumberedEvent>(
    'numbers_of_events',
    `SELECT event_id AS "eventId", event_nid AS nid, room_nid AS "roomNid"
     FROM event WHERE event_id = ANY ($1::text[])`,
    [eventIds],
  );

/** Whether it is, or ever was, of the current state as its changes tell: what was laid down with a room is in none of them. */
export async function wasOfState(
  database: Database,
  { roomNid, nid }: Pick<NumberedEvent, 'roomNid' | 'nid'>,
): Promise<boolean> {
  const rows = await database.query(
    'was_of_state',
    'SELECT 1 FROM state_change WHERE room_nid = $1 AND event_nid = $2 LIMIT 1',
    [roomNid, nid],
  );
  return rows.length > 0;
}

/** Beside the log: nobody is told of an outlier, and what is there stays as it is. Harmless when repeated. */
export async function stageOutliers(
  database: Database,
  events: readonly NewEvent[],
): Promise<void> {
  const rows = events.map((event) => eventRow(event).values);
  const { sql, types } = eventRow(events[0]!).write;
  const columns = types.map((_, column) => rows.map((values) => values[column] as Value));
  await database.query('stage_outliers', `${sql} ON CONFLICT DO NOTHING`, columns);
}

/** Where it turns out to be another than was said when somebody was invited. */
export const roomVersionRow = (roomNid: number, version: string): Row => ({
  write: PUT_VERSION,
  values: [roomNid, version],
});

const PUT_VERSION: Write = {
  name: 'put_room_version',
  table: 'room',
  sql: `UPDATE room SET version = told.version FROM unnest($1::int8[], $2::text[])
    AS told (room_nid, version) WHERE room.room_nid = told.room_nid`,
  types: ['int8', 'text'],
  key: (values) => `version ${values[0]}`,
};
