import type { RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/** Somebody was sent events of a room that is not here. */
export const unknownRoomRow = (seen: {
  roomId: RoomId;
  server: ServerName;
  seenMs: number;
}): Row => ({
  write: PUT_UNKNOWN_ROOM,
  values: [seen.roomId, seen.server, seen.seenMs],
});

/** Removes those seen longest ago beyond so many; true if there may be more. */
export async function sweepUnknownRooms(
  database: Database,
  { keptMax, limit }: { keptMax: number; limit: number },
): Promise<boolean> {
  const gone = await database.query(
    'sweep_federation_unknown_rooms',
    `DELETE FROM federation_unknown_room WHERE (room_id, server_name) IN (
       SELECT room_id, server_name FROM federation_unknown_room
       ORDER BY seen_ms DESC OFFSET $1 LIMIT $2)
     RETURNING 1`,
    [keptMax, limit],
  );
  return gone.length === limit;
}

const PUT_UNKNOWN_ROOM: Write = {
  name: 'put_federation_unknown_room',
  table: 'federation_unknown_room',
  sql: `INSERT INTO federation_unknown_room (room_id, server_name, seen_ms)
    SELECT * FROM unnest($1::text[], $2::text[], $3::int8[])
    ON CONFLICT (room_id, server_name) DO UPDATE SET seen_ms = excluded.seen_ms`,
  types: ['text', 'text', 'int8'],
  key: ([roomId, server]) => `${roomId} ${server}`,
};
