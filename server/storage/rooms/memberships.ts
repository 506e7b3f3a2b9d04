import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface StoredMembership {
  readonly roomId: RoomId;
  readonly membership: string;
  readonly position: number;
  readonly since: number;
  readonly forgotten: boolean;
  /** Last position of the room, for those who ask which rooms moved. */
  readonly roomLastPosition: number;
}

/** Of who was in a room when it was deleted: they left it with that. */
const IS_OUT = `own.membership IN ('leave', 'ban')`;

export const membershipsOf = (database: Database, userId: UserId) =>
  database.query<StoredMembership>(
    'memberships_of',
    `SELECT room_id AS "roomId", membership, position, since, forgotten,
       last_position AS "roomLastPosition"
     FROM membership JOIN room USING (room_nid) JOIN room_head USING (room_nid)
     WHERE user_id = $1
     UNION ALL
     SELECT room_id, CASE WHEN ${IS_OUT} THEN own.membership ELSE 'leave' END,
       CASE WHEN ${IS_OUT} THEN own.position ELSE deleted_room.position END,
       CASE WHEN ${IS_OUT} THEN own.since ELSE deleted_room.position END, true, deleted_room.position
     FROM membership own JOIN deleted_room USING (room_nid)
     WHERE user_id = $1`,
    [userId],
  );

/** All membership events that one user ever had in one room, in order. */
export const membershipHistory = (database: Database, userId: UserId, roomNid: number) =>
  database.query<{ position: number; eventNid: number; membership: string }>(
    'membership_history',
    `SELECT position, event_nid AS "eventNid", membership FROM membership_history
     WHERE user_id = $1 AND room_nid = $2 ORDER BY position`,
    [userId, roomNid],
  );

/** A condition on the number of a room: its rows may be there for a while. */
export const isNotDeleted = (roomNid: string): string =>
  `NOT EXISTS (SELECT 1 FROM deleted_room WHERE deleted_room.room_nid = ${roomNid})`;

/** Without `since` the stored one stays. */
export const membershipRow = (entry: {
  userId: UserId;
  roomNid: number;
  membership: string;
  position: number;
  since: number | undefined;
  forgotten: boolean;
}): Row => ({
  write: PUT_MEMBERSHIP,
  values: [
    entry.userId,
    entry.roomNid,
    entry.membership,
    entry.position,
    entry.since ?? KEEP_SINCE,
    entry.forgotten,
  ],
});

export const membershipHistoryRow = (entry: {
  userId: UserId;
  roomNid: number;
  position: number;
  eventNid: number;
  membership: string;
}): Row => ({
  write: INSERT_HISTORY,
  values: [entry.userId, entry.roomNid, entry.position, entry.eventNid, entry.membership],
});

/** For a change within the same kind of membership, which always has a row already. */
const KEEP_SINCE = -1;

const PUT_MEMBERSHIP: Write = {
  name: 'put_membership',
  table: 'membership',
  sql: `INSERT INTO membership (user_id, room_nid, membership, position, since, forgotten)
    SELECT * FROM unnest($1::text[], $2::int8[], $3::text[], $4::int8[], $5::int8[], $6::bool[])
    ON CONFLICT (user_id, room_nid) DO UPDATE SET membership = excluded.membership,
      position = excluded.position, forgotten = excluded.forgotten,
      since = CASE excluded.since WHEN ${KEEP_SINCE} THEN membership.since ELSE excluded.since END`,
  types: ['text', 'int8', 'text', 'int8', 'int8', 'bool'],
  key: (values) => `${values[1]} ${values[0]}`,
};

const INSERT_HISTORY: Write = {
  name: 'insert_membership_history',
  table: 'membership_history',
  sql: `INSERT INTO membership_history (user_id, room_nid, position, event_nid, membership)
    SELECT * FROM unnest($1::text[], $2::int8[], $3::int8[], $4::int8[], $5::text[])`,
  types: ['text', 'int8', 'int8', 'int8', 'text'],
};

/** Position of the newest join that any of the users had in the room; 0 where none ever had. */
export async function lastJoinOf(
  database: Database,
  userIds: readonly UserId[],
  roomNid: number,
): Promise<number> {
  const [row] = await database.query<{ position: number }>(
    'last_join_of',
    `SELECT coalesce(max(position), 0)::int8 AS position FROM membership_history
     WHERE user_id = ANY ($1::text[]) AND room_nid = $2 AND membership = 'join'`,
    [userIds, roomNid],
  );
  return row!.position;
}
