import type { EventId, RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface StoredDelayedEvent {
  readonly delayId: string;
  readonly userId: UserId;
  readonly roomId: RoomId;
  readonly type: string;
  /** Null for what is no state. */
  readonly stateKey: string | null;
  /** JSON. */
  readonly content: string;
  readonly delayMs: number;
  /** Milliseconds since 1970 at which the delay began. */
  readonly sinceMs: number;
  /** Null while it is scheduled. */
  readonly finalisedMs: number | null;
  /** Of one that was sent. */
  readonly eventId: EventId | null;
  /** JSON, of one that could not be sent: the body of the error. */
  readonly error: string | null;
}

const SELECT = `SELECT delay_id AS "delayId", user_id AS "userId", room_id AS "roomId", type,
    state_key AS "stateKey", content, delay_ms AS "delayMs", since_ms AS "sinceMs",
    finalised_ms AS "finalisedMs", event_id AS "eventId", error
  FROM delayed_event`;

export async function delayedEvent(
  database: Database,
  delayId: string,
): Promise<StoredDelayedEvent | undefined> {
  const rows = await database.query<StoredDelayedEvent>(
    'delayed_event',
    `${SELECT} WHERE delay_id = $1`,
    [delayId],
  );
  return rows[0];
}

export const scheduledEventsOf = (database: Database, userId: UserId) =>
  database.query<StoredDelayedEvent>(
    'scheduled_events_of',
    `${SELECT} WHERE user_id = $1 AND finalised_ms IS NULL`,
    [userId],
  );

export const allScheduledEvents = (database: Database) =>
  database.query<Pick<StoredDelayedEvent, 'delayId' | 'userId' | 'delayMs'>>(
    'all_scheduled_events',
    `SELECT delay_id AS "delayId", user_id AS "userId", delay_ms AS "delayMs"
     FROM delayed_event WHERE finalised_ms IS NULL`,
  );

/** Those that are over since before `beforeMs`, and of each user all but the last so many. */
export async function delayedEventsToForget(
  database: Database,
  { beforeMs, keptOfUser, limit }: { beforeMs: number; keptOfUser: number; limit: number },
): Promise<readonly string[]> {
  const rows = await database.query<{ delayId: string }>(
    'delayed_events_to_forget',
    `SELECT delay_id AS "delayId" FROM (
       SELECT delay_id, finalised_ms,
         row_number() OVER (PARTITION BY user_id ORDER BY finalised_ms DESC) AS place
       FROM delayed_event WHERE finalised_ms IS NOT NULL) finalised
     WHERE finalised_ms < $1 OR place > $2 LIMIT $3`,
    [beforeMs, keptOfUser, limit],
  );
  return rows.map(({ delayId }) => delayId);
}

export const delayedEventRow = (
  delayed: Omit<StoredDelayedEvent, 'finalisedMs' | 'eventId' | 'error'>,
): Row => ({
  write: INSERT_DELAYED_EVENT,
  values: [
    ...[delayed.delayId, delayed.userId, delayed.roomId, delayed.type, delayed.stateKey],
    ...[delayed.content, delayed.delayMs, delayed.sinceMs],
  ],
});

export const finalisedEventRow = (
  delayed: Pick<StoredDelayedEvent, 'delayId' | 'sinceMs' | 'finalisedMs' | 'eventId' | 'error'>,
): Row => ({
  write: FINALISE_DELAYED_EVENT,
  values: [delayed.delayId, delayed.sinceMs, delayed.finalisedMs, delayed.eventId, delayed.error],
});

export const delayedEventGoneRow = (delayId: string): Row => ({
  write: DELETE_DELAYED_EVENT,
  values: [delayId],
});

const INSERT_DELAYED_EVENT: Write = {
  name: 'insert_delayed_event',
  table: 'delayed_event',
  sql: `INSERT INTO delayed_event (delay_id, user_id, room_id, type, state_key, content, delay_ms,
      since_ms)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
      $7::int8[], $8::int8[])`,
  types: ['text', 'text', 'text', 'text', 'text', 'text', 'int8', 'int8'],
};

/** What was sent stays so, whatever failed behind it. */
const FINALISE_DELAYED_EVENT: Write = {
  name: 'finalise_delayed_event',
  table: 'delayed_event (finalised)',
  sql: `UPDATE delayed_event SET since_ms = done.since_ms, finalised_ms = done.finalised_ms,
      event_id = done.event_id, error = done.error
    FROM unnest($1::text[], $2::int8[], $3::int8[], $4::text[], $5::text[])
      AS done (delay_id, since_ms, finalised_ms, event_id, error)
    WHERE delayed_event.delay_id = done.delay_id AND delayed_event.finalised_ms IS NULL`,
  types: ['text', 'int8', 'int8', 'text', 'text'],
  key: ([delayId]) => delayId as string,
};

const DELETE_DELAYED_EVENT: Write = {
  name: 'delete_delayed_event',
  table: 'delayed_event (gone)',
  sql: 'DELETE FROM delayed_event WHERE delay_id = ANY ($1::text[])',
  types: ['text'],
};
