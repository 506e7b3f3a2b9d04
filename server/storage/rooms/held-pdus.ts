import type { EventId, RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/** What another server said in a room whose members are not here yet. */
export interface HeldPdu {
  readonly nid: number;
  readonly eventId: EventId;
  readonly server: ServerName;
  readonly json: string;
}

export interface HeldLoad {
  readonly roomNid: number;
  readonly server: ServerName;
  /** Null where the room was never joined without its members. */
  readonly through: ServerName | null;
  readonly count: number;
  readonly bytes: number;
}

/** In the order in which they came: all of the room, so without their texts. */
export const listHeld = (database: Database, roomId: RoomId) =>
  database.query<Omit<HeldPdu, 'json'>>(
    'list_held',
    `SELECT held_nid AS nid, event_id AS "eventId", server_name AS server
     FROM held_pdu JOIN room USING (room_nid) WHERE room_id = $1 ORDER BY held_nid`,
    [roomId],
  );

/** Those of them that are held, in the order in which they came. */
export const heldPdus = (database: Database, roomNid: number, nids: readonly number[]) =>
  database.query<HeldPdu>(
    'held_pdus',
    `SELECT held_nid AS nid, event_id AS "eventId", server_name AS server, json
     FROM held_pdu WHERE room_nid = $1 AND held_nid = ANY ($2::int8[]) ORDER BY held_nid`,
    [roomNid, nids],
  );

/** Those of them that are held. */
export async function heldAmong(
  database: Database,
  roomNid: number,
  eventIds: readonly EventId[],
): Promise<ReadonlySet<EventId>> {
  const rows = await database.query<{ eventId: EventId }>(
    'held_among',
    `SELECT event_id AS "eventId" FROM held_pdu
     WHERE room_nid = $1 AND event_id = ANY ($2::text[])`,
    [roomNid, eventIds],
  );
  return new Set(rows.map(({ eventId }) => eventId));
}

/** How much of each server is held in each room, and through which one that was joined while its members are not here. */
export const heldLoads = (database: Database) =>
  database.query<HeldLoad>(
    'held_loads',
    `SELECT room_nid AS "roomNid", held_pdu.server_name AS server,
       partial_join.server_name AS through, count(*)::int8 AS count,
       sum(octet_length(json))::int8 AS bytes
     FROM held_pdu LEFT JOIN (SELECT * FROM partial_join WHERE whole_at IS NULL) partial_join
       USING (room_nid)
     GROUP BY room_nid, held_pdu.server_name, partial_join.server_name`,
  );

export const heldPduRow = (roomNid: number, held: HeldPdu): Row => ({
  write: INSERT_HELD,
  values: [roomNid, held.eventId, held.nid, held.server, held.json],
});

export const noHeldPduRow = (roomNid: number, eventId: EventId): Row => ({
  write: DELETE_HELD,
  values: [roomNid, eventId],
});

const INSERT_HELD: Write = {
  name: 'insert_held_pdu',
  table: 'held_pdu',
  sql: `INSERT INTO held_pdu (room_nid, event_id, held_nid, server_name, json)
    SELECT * FROM unnest($1::int8[], $2::text[], $3::int8[], $4::text[], $5::text[])
    ON CONFLICT (room_nid, event_id) DO NOTHING`,
  types: ['int8', 'text', 'int8', 'text', 'text'],
  key: (values) => `${values[0]} ${values[1]}`,
};

const DELETE_HELD: Write = {
  name: 'delete_held_pdu',
  table: 'held_pdu',
  sql: `DELETE FROM held_pdu USING unnest($1::int8[], $2::text[]) AS gone (nid, id)
    WHERE room_nid = gone.nid AND event_id = gone.id`,
  types: ['int8', 'text'],
  key: (values) => `${values[0]} ${values[1]}`,
};
