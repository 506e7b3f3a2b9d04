import type { RoomAlias, RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export async function roomAlias(
  database: Database,
  alias: RoomAlias,
): Promise<{ roomId: RoomId; creator: UserId } | undefined> {
  const rows = await database.query<{ roomId: RoomId; creator: UserId }>(
    'room_alias',
    `SELECT room_id AS "roomId", creator FROM room_alias JOIN room USING (room_nid)
     WHERE alias = $1`,
    [alias],
  );
  return rows[0];
}

export async function aliasesOfRoom(database: Database, roomNid: number): Promise<RoomAlias[]> {
  const rows = await database.query<{ alias: RoomAlias }>(
    'aliases_of_room',
    'SELECT alias FROM room_alias WHERE room_nid = $1 ORDER BY alias',
    [roomNid],
  );
  return rows.map((row) => row.alias);
}

export const roomAliasRow = (entry: {
  alias: RoomAlias;
  roomNid: number;
  creator: UserId;
}): Row => ({ write: PUT_ALIAS, values: [entry.alias, entry.roomNid, entry.creator] });

export const noRoomAliasRow = (alias: RoomAlias): Row => ({ write: DELETE_ALIAS, values: [alias] });

/** Rows of one alias collapse to the batch's last one, so its removal before may be missing here. */
const PUT_ALIAS: Write = {
  name: 'put_room_alias',
  table: 'room_alias',
  sql: `INSERT INTO room_alias (alias, room_nid, creator)
    SELECT * FROM unnest($1::text[], $2::int8[], $3::text[])
    ON CONFLICT (alias) DO UPDATE SET room_nid = excluded.room_nid, creator = excluded.creator`,
  types: ['text', 'int8', 'text'],
  key: (values) => String(values[0]),
};

const DELETE_ALIAS: Write = {
  name: 'delete_room_alias',
  table: 'room_alias',
  sql: 'DELETE FROM room_alias WHERE alias = ANY ($1::text[])',
  types: ['text'],
  key: (values) => String(values[0]),
};
