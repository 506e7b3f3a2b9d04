import type { RoomId, ServerName, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';

/** The rooms that the user has joined. One that was deleted has no row in `room`. */
export const joinedRoomsOf = (database: Database, userId: UserId) =>
  database.query<NumberedRoom>(
    'joined_rooms_of',
    `SELECT room_id AS "roomId", room_nid AS "roomNid" FROM membership JOIN room USING (room_nid)
     WHERE user_id = $1 AND membership = 'join'`,
    [userId],
  );

/** Of these rooms those that the user has joined, and since when. */
export const joinedAmong = (database: Database, userId: UserId, roomIds: readonly RoomId[]) =>
  database.query<NumberedRoom & { readonly since: number }>(
    'joined_among',
    `SELECT room_id AS "roomId", room_nid AS "roomNid", since FROM membership JOIN room USING (room_nid)
     WHERE user_id = $1 AND membership = 'join' AND room_id = ANY ($2::text[])`,
    [userId, roomIds],
  );

/** Users of the server who came into rooms by events in (after, upTo], and are there still. */
export const joinedBetween = (
  database: Database,
  { server, after, upTo }: { server: ServerName; after: number; upTo: number },
) =>
  database.query<{ readonly userId: UserId; readonly roomId: RoomId }>(
    'joined_between',
    `SELECT DISTINCT user_id AS "userId", room_id AS "roomId"
     FROM event JOIN membership ON membership.room_nid = event.room_nid AND user_id = state_key
       JOIN room ON room.room_nid = event.room_nid
     WHERE event_nid > $2 AND event_nid <= $3 AND type = 'm.room.member' AND since > $2
       AND membership = 'join' AND right(user_id, length($1) + 1) = ':' || $1`,
    [server, after, upTo],
  );

export interface NumberedRoom {
  readonly roomId: RoomId;
  readonly roomNid: number;
}

/** Of those of the rooms that are here. */
export const roomNidsOf = (database: Database, roomIds: readonly RoomId[]) =>
  database.query<NumberedRoom>(
    'room_nids_of',
    'SELECT room_id AS "roomId", room_nid AS "roomNid" FROM room WHERE room_id = ANY ($1::text[])',
    [roomIds],
  );

/** Those of the users who are in any room here, or are asked in, or ask to be let in. */
export async function usersInRooms(
  database: Database,
  userIds: readonly UserId[],
): Promise<UserId[]> {
  const rows = await database.query<{ userId: UserId }>(
    'users_in_rooms',
    `SELECT DISTINCT user_id AS "userId" FROM membership
     WHERE user_id = ANY ($1::text[]) AND membership IN ('join', 'invite', 'knock')`,
    [userIds],
  );
  return rows.map(({ userId }) => userId);
}
