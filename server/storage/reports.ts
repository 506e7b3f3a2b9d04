import type { EventId, RoomId, UserId } from '../protocol/identifiers.ts';
import type { Row, Write } from './write.ts';

/** What a user reported: a room, an event with its room, or another user. */
export interface Report {
  readonly reporter: UserId;
  readonly roomId?: RoomId | undefined;
  readonly eventId?: EventId | undefined;
  readonly userId?: UserId | undefined;
  readonly reason: string;
}

export const reportRow = (
  reportId: number,
  { reporter, roomId, eventId, userId, reason }: Report,
  reportedMs: number,
): Row => ({
  write: INSERT_REPORT,
  values: [
    ...[reportId, reporter, reportedMs],
    ...[roomId ?? null, eventId ?? null, userId ?? null, reason],
  ],
});

const INSERT_REPORT: Write = {
  name: 'insert_report',
  table: 'report',
  sql: `INSERT INTO report (report_id, reporter, reported_ms, room_id, event_id, user_id, reason)
    SELECT * FROM unnest($1::int8[], $2::text[], $3::int8[], $4::text[], $5::text[], $6::text[],
      $7::text[])`,
  types: ['int8', 'text', 'int8', 'text', 'text', 'text', 'text'],
};
