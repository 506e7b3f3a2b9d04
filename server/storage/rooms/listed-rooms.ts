import type { RoomId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface ListedRoom {
  readonly roomId: RoomId;
  /** In the directory of this server. */
  readonly published: boolean;
  /** In those of networks, by their instance ids. */
  readonly networks: readonly string[];
}

/** The rooms that are in any directory; with a list, of these. */
export const listedRooms = (database: Database, only?: readonly RoomId[]) =>
  database.query<ListedRoom>(
    'listed_rooms',
    `SELECT room_id AS "roomId", bool_or(instance_id IS NULL) AS published,
       coalesce(json_agg(instance_id) FILTER (WHERE instance_id IS NOT NULL), '[]') AS networks
     FROM (
       SELECT room_id, NULL::text AS instance_id FROM room
       WHERE published AND ($1::text[] IS NULL OR room_id = ANY ($1::text[]))
       UNION ALL
       SELECT room_id, instance_id FROM network_room JOIN room USING (room_nid)
       WHERE $1::text[] IS NULL OR room_id = ANY ($1::text[])) listed
     GROUP BY room_id`,
    [only ?? null],
  );

export const networkRoomRow = (
  roomNid: number,
  { instanceId, published }: { instanceId: string; published: boolean },
): Row => ({ write: published ? PUT_ROOM : DELETE_ROOM, values: [roomNid, instanceId] });

const keyOf = ([roomNid, instanceId]: Row['values']) => `${roomNid} ${instanceId}`;

const PUT_ROOM: Write = {
  name: 'put_network_room',
  table: 'network_room',
  sql: `INSERT INTO network_room (room_nid, instance_id)
    SELECT * FROM unnest($1::int8[], $2::text[]) ON CONFLICT (room_nid, instance_id) DO NOTHING`,
  types: ['int8', 'text'],
  key: keyOf,
};

const DELETE_ROOM: Write = {
  name: 'delete_network_room',
  table: 'network_room',
  sql: `DELETE FROM network_room USING unnest($1::int8[], $2::text[]) AS gone (room_nid, instance_id)
    WHERE network_room.room_nid = gone.room_nid AND network_room.instance_id = gone.instance_id`,
  types: ['int8', 'text'],
  key: keyOf,
};
