import type { EventId, RoomId, UserId } from '../protocol/identifiers.ts';
import type { Database } from './database.ts';
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

/** Of an event. */
export interface EventReport {
  readonly reportId: number;
  readonly reporter: UserId;
  readonly reportedMs: number;
  readonly roomId: RoomId;
  readonly eventId: EventId;
  readonly reason: string;
  /** Of the event; null where that is here no more. */
  readonly sender: UserId | null;
}

export interface EventReportsWish {
  readonly reporter?: UserId | undefined;
  readonly roomId?: RoomId | undefined;
  readonly sender?: UserId | undefined;
  readonly newestFirst: boolean;
  readonly from: number;
  readonly limit: number;
}

const SELECT = `SELECT report_id AS "reportId", reporter, reported_ms AS "reportedMs", r.room_id AS "roomId",
    event_id AS "eventId", reason, e.sender
  FROM report r LEFT JOIN event e USING (event_id)`;

const WISHED = `r.event_id IS NOT NULL AND ($1::text IS NULL OR reporter = $1)
    AND ($2::text IS NULL OR r.room_id = $2) AND ($3::text IS NULL OR e.sender = $3)`;

/** A page of them, and how many there are. */
export async function eventReports(
  database: Database,
  { reporter, roomId, sender, newestFirst, from, limit }: EventReportsWish,
): Promise<{ readonly reports: readonly EventReport[]; readonly total: number }> {
  const wished = [reporter ?? null, roomId ?? null, sender ?? null];
  const [{ total }] = (await database.query<{ total: number }>(
    'event_reports_total',
    `SELECT count(*) AS total FROM report r LEFT JOIN event e USING (event_id) WHERE ${WISHED}`,
    wished,
  )) as [{ total: number }];
  const reports = await database.query<EventReport>(
    newestFirst ? 'event_reports_back' : 'event_reports',
    `${SELECT} WHERE ${WISHED} ORDER BY report_id ${newestFirst ? 'DESC' : 'ASC'} OFFSET $4 LIMIT $5`,
    [...wished, from, limit],
  );
  return { reports, total };
}

export async function eventReport(
  database: Database,
  reportId: number,
): Promise<EventReport | undefined> {
  const [report] = await database.query<EventReport>(
    'event_report',
    `${SELECT} WHERE report_id = $1 AND r.event_id IS NOT NULL`,
    [reportId],
  );
  return report;
}

export const reportGoneRow = (reportId: number): Row => ({
  write: DELETE_REPORT,
  values: [reportId],
});

const DELETE_REPORT: Write = {
  name: 'delete_report',
  table: 'report',
  sql: 'DELETE FROM report WHERE report_id = ANY ($1::int8[])',
  types: ['int8'],
  key: ([reportId]) => `${reportId}`,
};
