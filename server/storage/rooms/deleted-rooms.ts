import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/** Undefined for one that was not deleted, or of which nothing is left. */
export async function deletedRoomNid(
  database: Database,
  roomId: RoomId,
): Promise<number | undefined> {
  const [row] = await database.query<{ nid: number }>(
    'deleted_room_nid',
    'SELECT room_nid AS nid FROM deleted_room WHERE room_id = $1',
    [roomId],
  );
  return row?.nid;
}

/** Who was in a room when it was deleted, as long as it is known. */
export async function membersOfDeleted(database: Database, roomId: RoomId): Promise<UserId[]> {
  const rows = await database.query<{ userId: UserId }>(
    'members_of_deleted',
    `SELECT state_key AS "userId" FROM deleted_room
       JOIN current_state USING (room_nid) JOIN state_key USING (key_nid)
     WHERE room_id = $1 AND membership = 'join'`,
    [roomId],
  );
  return rows.map(({ userId }) => userId);
}

export const deletedRoomRow = (room: {
  nid: number;
  roomId: RoomId;
  position: number;
  deletedMs: number;
}): Row => ({
  write: INSERT_DELETED,
  values: [room.nid, room.roomId, room.position, room.deletedMs],
});

export const noRoomRow = (nid: number): Row => ({ write: DELETE_ROOM, values: [nid] });

const INSERT_DELETED: Write = {
  name: 'insert_deleted_room',
  table: 'deleted_room',
  sql: `INSERT INTO deleted_room (room_nid, room_id, position, deleted_ms)
    SELECT * FROM unnest($1::int8[], $2::text[], $3::int8[], $4::int8[])`,
  types: ['int8', 'text', 'int8', 'int8'],
};

const DELETE_ROOM: Write = {
  name: 'delete_room',
  table: 'room',
  sql: 'DELETE FROM room WHERE room_nid = ANY ($1::int8[])',
  types: ['int8'],
};
