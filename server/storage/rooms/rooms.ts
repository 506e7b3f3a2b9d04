import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface StoredRoom {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly version: string;
  readonly forwardExtremities: readonly StoredExtremity[];
  readonly stateNid: number;
  readonly lastPosition: number;
  /**
   * The current state: the numbers of a key and of its event, and what a membership is, with blanks between;
   * commas between the entries. As rows the entries of many rooms cost both sides several times as much.
   */
  readonly state: string | null;
  /** Of its state there is what its head has; members that are laid down already are not there yet (`rooms/elsewhere`). */
  readonly isPartial: boolean;
  /** Where in the log its members came, some time after it was joined; 0 where they came along. */
  readonly wholeAt: number;
}

export interface StoredExtremity {
  readonly nid: number;
  readonly eventId: EventId;
  readonly depth: number;
  /** In versions 1 and 2 only, which name an event by its hash, too. */
  readonly json: string | null;
}

export const roomsById = (database: Database, roomIds: readonly RoomId[]) =>
  database.query<StoredRoom>(
    'rooms_by_id',
    `SELECT room_nid AS nid, room_id AS "roomId", version, last_position AS "lastPosition",
       state_nid AS "stateNid", coalesce(ends.list, '[]') AS "forwardExtremities",
       (SELECT string_agg(concat_ws(' ', key_nid, event_nid, membership), ',') FROM current_state
        WHERE current_state.room_nid = room.room_nid) AS state,
       partial_join.room_nid IS NOT NULL AND whole_at IS NULL AS "isPartial",
       coalesce(whole_at, 0)::int8 AS "wholeAt"
     FROM room JOIN room_head USING (room_nid) LEFT JOIN partial_join USING (room_nid)
     CROSS JOIN LATERAL (
       SELECT json_agg(json_build_object('nid', event_nid, 'eventId', event_id, 'depth', depth,
         'json', CASE WHEN version IN ('1', '2') THEN json END)) AS list
       FROM event WHERE event_nid = ANY (forward_extremities)) ends
     WHERE room_id = ANY ($1::text[])`,
    [roomIds],
  );

/** Whether a room is in the published directory; undefined for one that is not there. */
export async function isRoomPublished(
  database: Database,
  roomId: RoomId,
): Promise<boolean | undefined> {
  const rows = await database.query<{ published: boolean }>(
    'is_room_published',
    'SELECT published FROM room WHERE room_id = $1',
    [roomId],
  );
  return rows[0]?.published;
}

export interface SummarizedRoom {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly version: string;
  readonly joinedCount: number;
  /** Of the current state events at the keys that were asked for. */
  readonly eventNids: readonly number[];
}

export const summarizedRooms = (
  database: Database,
  roomIds: readonly RoomId[],
  keyNids: readonly number[],
) =>
  database.query<SummarizedRoom>(
    'summarized_rooms',
    `SELECT room_nid AS nid, room_id AS "roomId", version,
       (SELECT count(*) FROM current_state
        WHERE current_state.room_nid = room.room_nid AND membership = 'join')::int8 AS "joinedCount",
       (SELECT coalesce(json_agg(event_nid), '[]') FROM unnest($2::int8[]) AS key (nid)
        CROSS JOIN LATERAL (
          SELECT event_nid FROM current_state
          WHERE current_state.room_nid = room.room_nid AND key_nid = key.nid LIMIT 1) at_key
       ) AS "eventNids"
     FROM room WHERE room_id = ANY ($1::text[])`,
    [roomIds, keyNids],
  );

export const roomRow = (room: {
  nid: number;
  roomId: RoomId;
  version: string;
  published: boolean;
}): Row => ({ write: INSERT_ROOM, values: [room.nid, room.roomId, room.version, room.published] });

export const roomHeadRow = (head: {
  roomNid: number;
  forwardExtremities: readonly number[];
  stateNid: number;
  lastPosition: number;
}): Row => ({
  write: PUT_HEAD,
  values: [head.roomNid, `{${head.forwardExtremities}}`, head.stateNid, head.lastPosition],
});

const INSERT_ROOM: Write = {
  name: 'insert_room',
  table: 'room',
  sql: `INSERT INTO room (room_nid, room_id, version, published)
    SELECT * FROM unnest($1::int8[], $2::text[], $3::text[], $4::bool[])`,
  types: ['int8', 'text', 'text', 'bool'],
};

/** Of all events of a room in one batch only the last one's head is written. */
const PUT_HEAD: Write = {
  name: 'put_room_head',
  table: 'room_head',
  sql: `INSERT INTO room_head (room_nid, forward_extremities, state_nid, last_position)
    SELECT n, e::int8[], s, p FROM unnest($1::int8[], $2::text[], $3::int8[], $4::int8[]) t(n, e, s, p)
    ON CONFLICT (room_nid) DO UPDATE SET forward_extremities = excluded.forward_extremities,
      state_nid = excluded.state_nid, last_position = excluded.last_position`,
  types: ['int8', 'text', 'int8', 'int8'],
  key: (values) => String(values[0]),
};

export const roomPublishedRow = (roomNid: number, published: boolean): Row => ({
  write: PUT_PUBLISHED,
  values: [roomNid, published],
});

const PUT_PUBLISHED: Write = {
  name: 'put_room_published',
  table: 'room',
  sql: `UPDATE room SET published = wanted.published
    FROM unnest($1::int8[], $2::bool[]) AS wanted (room_nid, published)
    WHERE room.room_nid = wanted.room_nid`,
  types: ['int8', 'bool'],
  key: (values) => String(values[0]),
};
