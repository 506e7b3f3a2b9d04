import type { RoomId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';

export interface Piece {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly limit: number;
}

/** How many rows it removed; fewer than its limit where there are no more. */
type Remove = (database: Database, piece: Piece) => Promise<number>;

/** What the index of the search put in while its events went. A mark narrows to the room. */
const LATE_DOCUMENTS = `WITH gone AS (
    DELETE FROM search_document WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM search_document
      WHERE words @@ ('''#r' || $1::int8 || '''')::tsquery AND room_nid = $1 LIMIT $3))
    RETURNING 1)
  SELECT count(*) AS count, $2::text AS room FROM gone`;

/** What a deleted room has left behind, in the order in which it goes. What a commit has in its hands is passed over: none waits for this. */
export const LEFT_BEHIND: readonly Remove[] = [
  removal(
    'deleted_rooms_events',
    `WITH gone AS (
       DELETE FROM event WHERE event_nid = ANY (ARRAY(
         SELECT event_nid FROM event WHERE room_nid = $1 LIMIT $3))
       RETURNING event_nid),
     redactions AS (DELETE FROM redaction WHERE target_nid IN (SELECT event_nid FROM gone)),
     documents AS (DELETE FROM search_document WHERE event_nid IN (SELECT event_nid FROM gone))
     SELECT count(*) AS count, $2::text AS room FROM gone`,
  ),
  ...(
    [
      'relation',
      'thread',
      'state',
      'state_change',
      'room_head',
      'room_alias',
      'awaited_redaction',
      'timeline_gap',
      'federation_passed_on',
      'told_outside',
      'network_room',
      'partial_join',
      'held_pdu',
    ] as const
  ).map((table) => removal(`deleted_rooms_${table}`, ofRoom(table, 'room_nid = $1'))),
  ...(['receipt', 'delayed_event'] as const).map((table) =>
    removal(`deleted_rooms_${table}`, ofRoom(table, 'room_id = $2')),
  ),
  removal(
    'deleted_rooms_members',
    `WITH users AS (
       SELECT state_key AS user_id FROM current_state JOIN state_key USING (key_nid)
       WHERE room_nid = $1 AND type = 'm.room.member'
         AND EXISTS (SELECT 1 FROM membership_history history
           WHERE history.room_nid = $1 AND history.user_id = state_key.state_key)
       LIMIT $3),
     past AS (DELETE FROM membership_history WHERE room_nid = $1 AND user_id IN (SELECT user_id FROM users)),
     own AS (DELETE FROM account_data WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM account_data WHERE room_id = $2 AND user_id IN (SELECT user_id FROM users)
       FOR UPDATE SKIP LOCKED)))
     SELECT count(*) AS count FROM users`,
  ),
];

/** What came late, its members, who need not be told any more, and then itself. */
export const LAST_OF_ALL: readonly Remove[] = [
  removal('deleted_rooms_late_documents', LATE_DOCUMENTS),
  removal(
    'deleted_rooms_last_members',
    `WITH gone AS (
       DELETE FROM current_state WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM current_state WHERE room_nid = $1 LIMIT $3))
       RETURNING key_nid),
     members AS (
       DELETE FROM membership WHERE room_nid = $1 AND user_id IN (
         SELECT state_key FROM gone JOIN state_key USING (key_nid) WHERE type = 'm.room.member'))
     SELECT count(*) AS count, $2::text AS room FROM gone`,
  ),
  removal(
    'deleted_room_itself',
    `WITH gone AS (DELETE FROM deleted_room WHERE room_nid = $1 RETURNING 1)
     SELECT count(*) AS count, $2::text AS room, $3::int8 AS "limit" FROM gone`,
  ),
];

/** Those whose members had the time to hear of it. */
export const roomsDeletedBefore = (database: Database, deletedMs: number) =>
  database.query<Omit<Piece, 'limit'>>(
    'rooms_deleted_before',
    `SELECT room_nid AS nid, room_id AS "roomId" FROM deleted_room
     WHERE deleted_ms < $1 ORDER BY deleted_ms LIMIT 100`,
    [deletedMs],
  );

function ofRoom(table: string, condition: string): string {
  return `WITH gone AS (
      DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM ${table} WHERE ${condition} LIMIT $3 FOR UPDATE SKIP LOCKED))
      RETURNING 1)
    SELECT count(*) AS count, $1::int8 AS nid, $2::text AS room FROM gone`;
}

function removal(name: string, sql: string): Remove {
  return async (database, { nid, roomId, limit }) => {
    const [row] = await database.query<{ count: number }>(name, sql, [nid, roomId, limit]);
    return row!.count;
  };
}
