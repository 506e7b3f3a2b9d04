import type { RoomId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import { isReadable } from '../readable-json.ts';

export interface HistoryPiece {
  readonly roomNid: number;
  /** What was said before this moment goes. */
  readonly beforeMs: number;
  /** And lies before this place of the room. */
  readonly before: { readonly depth: number; readonly nid: number };
  /** Whose senders end with it stays; null for nobody's. */
  readonly spared: string | null;
  /** Where the piece before this one ended. */
  readonly afterMs: number;
  readonly limit: number;
}

/** What is said in the room, lies where it goes, and is no end of the room, upon which the next event is built. */
const oldSaid = (event: string): string => `
  ${event}.room_nid = $1 AND ${event}.origin_server_ts < $2 AND ${event}.origin_server_ts >= $6
    AND (${event}.depth, ${event}.event_nid) < ($3, $4) AND ${event}.state_key IS NULL
    AND ($5::text IS NULL OR right(${event}.sender, length($5)) <> $5)
    AND NOT EXISTS (SELECT 1 FROM room_head
      WHERE room_head.room_nid = $1 AND ${event}.event_nid = ANY (forward_extremities))`;

/** In the same piece, or one before. A redaction may have to stay itself, and what it redacted with it. */
const GOES_NO_LATER = `${oldSaid('target')} AND target.type <> 'm.room.redaction'
  AND (target.origin_server_ts, target.event_nid) < (event.origin_server_ts, event.event_nid)`;

/**
 * The oldest first. State stays, and a redaction as long as what it redacted is there. Whatever a commit has in its hands
 * is passed over: none waits for this.
 */
const DOOMED = `
  SELECT event_nid, event_id, origin_server_ts,
    CASE WHEN json LIKE '%"m.relates_to"%' AND ${isReadable('event.json')}
      THEN json::json #>> '{content,m.relates_to,event_id}' END AS related
  FROM event
  WHERE ${oldSaid('event')}
    AND CASE WHEN type <> 'm.room.redaction' THEN true WHEN NOT (${isReadable('event.json')}) THEN false
      ELSE NOT EXISTS (SELECT 1 FROM event target WHERE target.event_id = coalesce(
        event.json::json ->> 'redacts', event.json::json #>> '{content,redacts}')
        AND NOT (${GOES_NO_LATER})) END
  ORDER BY origin_server_ts, event_nid LIMIT $7`;

const UNLOCKED = (table: string, condition: string) =>
  `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
     SELECT ctid FROM ${table} WHERE ${condition} FOR UPDATE SKIP LOCKED))`;

/** How many went, and up to when the next piece need not look. */
export async function purgePiece(
  database: Database,
  piece: HistoryPiece,
): Promise<{ readonly count: number; readonly lastMs: number | null }> {
  const { roomNid, beforeMs, before, spared, afterMs, limit } = piece;
  const [row] = await database.query<{ count: number; lastMs: number | null }>(
    'purge_piece',
    `WITH doomed AS MATERIALIZED (${DOOMED}),
     events AS (DELETE FROM event WHERE event_nid IN (SELECT event_nid FROM doomed)),
     redactions AS (DELETE FROM redaction WHERE target_nid IN (SELECT event_nid FROM doomed)),
     documents AS (DELETE FROM search_document WHERE event_nid IN (SELECT event_nid FROM doomed)),
     gaps AS (DELETE FROM timeline_gap WHERE room_nid = $1 AND event_nid IN (SELECT event_nid FROM doomed)),
     relations AS (${UNLOCKED(
       'relation',
       `room_nid = $1 AND (target_id, event_nid) IN (
         SELECT related, event_nid FROM doomed WHERE related IS NOT NULL)`,
     )}),
     threads AS (${UNLOCKED('thread', 'room_nid = $1 AND root_id IN (SELECT event_id FROM doomed)')})
     SELECT count(*) AS count, max(origin_server_ts) AS "lastMs" FROM doomed`,
    [roomNid, beforeMs, before.depth, before.nid, spared, afterMs, limit],
  );
  return row!;
}

/** When the oldest was said that is left, from a moment on; undefined where there is nothing. */
export async function oldestSaid(
  database: Database,
  { roomNid, afterMs }: Pick<HistoryPiece, 'roomNid' | 'afterMs'>,
): Promise<number | undefined> {
  const [row] = await database.query<{ ms: number }>(
    'oldest_said',
    `SELECT origin_server_ts AS ms FROM event
     WHERE room_nid = $1 AND origin_server_ts >= $2 AND state_key IS NULL
     ORDER BY origin_server_ts LIMIT 1`,
    [roomNid, afterMs],
  );
  return row?.ms;
}

/** A room, and the event that says how long it keeps what is said, as JSON; null where none does. */
export interface RetainedRoom {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly policy: string | null;
}

/** In order of their numbers; those that say nothing of it only where that is asked for. */
export const roomsToRetain = (
  database: Database,
  { after, all, limit }: { after: number; all: boolean; limit: number },
) =>
  database.query<RetainedRoom>(
    'rooms_to_retain',
    `SELECT room_nid AS nid, room_id AS "roomId", policy.json AS policy
     FROM room LEFT JOIN LATERAL (
       SELECT event.json FROM current_state JOIN event USING (event_nid)
       WHERE current_state.room_nid = room.room_nid AND key_nid = (
         SELECT key_nid FROM state_key WHERE type = 'm.room.retention' AND state_key = '')
         AND NOT EXISTS (SELECT 1 FROM redaction WHERE target_nid = event.event_nid)
       LIMIT 1) policy ON true
     WHERE room_nid > $1 AND ($2 OR policy.json IS NOT NULL) ORDER BY room_nid LIMIT $3`,
    [after, all, limit],
  );
