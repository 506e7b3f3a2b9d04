import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/** Who has blocked the room; undefined for one that is not. */
export async function roomBlockedBy(
  database: Database,
  roomId: RoomId,
): Promise<UserId | undefined> {
  const rows = await database.query<{ blockedBy: UserId }>(
    'room_blocked_by',
    'SELECT blocked_by AS "blockedBy" FROM blocked_room WHERE room_id = $1',
    [roomId],
  );
  return rows[0]?.blockedBy;
}

export const blockedRoomRow = (roomId: RoomId, by: UserId): Row => ({
  write: PUT_BLOCKED,
  values: [roomId, by],
});

export const unblockedRoomRow = (roomId: RoomId): Row => ({
  write: DELETE_BLOCKED,
  values: [roomId],
});

const PUT_BLOCKED: Write = {
  name: 'put_blocked_room',
  table: 'blocked_room',
  sql: `INSERT INTO blocked_room (room_id, blocked_by) SELECT * FROM unnest($1::text[], $2::text[])
    ON CONFLICT (room_id) DO UPDATE SET blocked_by = excluded.blocked_by`,
  types: ['text', 'text'],
  key: ([roomId]) => `${roomId}`,
};

const DELETE_BLOCKED: Write = {
  name: 'delete_blocked_room',
  table: 'blocked_room',
  sql: 'DELETE FROM blocked_room WHERE room_id = ANY ($1::text[])',
  types: ['text'],
  key: ([roomId]) => `${roomId}`,
};
