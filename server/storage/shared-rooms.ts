import type { RoomId, UserId } from '../protocol/identifiers.ts';
import type { Database } from './database.ts';
import { isNotDeleted } from './rooms/memberships.ts';

const SHARES_A_ROOM = `EXISTS (
    SELECT 1 FROM membership theirs JOIN membership mine USING (room_nid)
    WHERE theirs.user_id = other.user_id AND theirs.membership = 'join'
      AND mine.user_id = $1 AND mine.membership = 'join' AND ${isNotDeleted('mine.room_nid')})`;

/** Of these users, those who share a room with this one. */
export async function sharingRooms(
  database: Database,
  userId: UserId,
  others: readonly UserId[],
): Promise<ReadonlySet<UserId>> {
  const rows = await database.query<{ userId: UserId }>(
    'sharing_rooms',
    `SELECT user_id AS "userId" FROM unnest($2::text[]) AS other (user_id)
     WHERE ${SHARES_A_ROOM}`,
    [userId, others],
  );
  return new Set(rows.map((row) => row.userId));
}

/**
 * Whose keys changed last in (after, upTo], of the user and all who share a room with them; and of
 * all others, whose keys the user signed in it.
 */
export async function deviceListsChangedNear(
  database: Database,
  userId: UserId,
  { after, upTo }: { after: number; upTo: number },
): Promise<UserId[]> {
  const rows = await database.query<{ userId: UserId }>(
    'device_lists_changed_near',
    `SELECT user_id AS "userId" FROM device_list other
     WHERE position > $2 AND position <= $3 AND (user_id = $1 OR ${SHARES_A_ROOM})
     UNION
     SELECT target_user_id FROM key_signature
     WHERE signer_user_id = $1 AND position > $2 AND position <= $3 AND target_user_id <> $1`,
    [userId, after, upTo],
  );
  return rows.map((row) => row.userId);
}

/** Of these rooms, those with at most so many joined members; no more than that are counted. */
export async function roomsUpTo(
  database: Database,
  roomIds: readonly RoomId[],
  members: number,
): Promise<RoomId[]> {
  const rows = await database.query<{ roomId: RoomId }>(
    'rooms_up_to',
    `SELECT room_id AS "roomId" FROM room CROSS JOIN LATERAL (
       SELECT count(*) AS members FROM (
         SELECT 1 FROM current_state
         WHERE current_state.room_nid = room.room_nid AND membership = 'join' LIMIT $2 + 1) joined) c
     WHERE room_id = ANY ($1::text[]) AND members <= $2`,
    [roomIds, members],
  );
  return rows.map((row) => row.roomId);
}
