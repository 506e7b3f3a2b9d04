import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';

/** The rooms that the user has joined. One that was deleted has no row in `room`. */
export const joinedRoomsOf = (database: Database, userId: UserId) =>
  database.query<NumberedRoom>(
    'joined_rooms_of',
    `SELECT room_id AS "roomId", room_nid AS "roomNid" FROM membership JOIN room USING (room_nid)
     WHERE user_id = $1 AND membership = 'join'`,
    [userId],
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
