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
  readonly count: number;
  readonly bytes: number;
}

/** In the order in which they came. */
export const heldPdus = (database: Database, roomId: RoomId, limit: number) =>
  database.query<HeldPdu>(
    'held_pdus',
    `SELECT held_nid AS nid, event_id AS "eventId", server_name AS server, json
     FROM held_pdu JOIN room USING (room_nid) WHERE room_id = $1 ORDER BY held_nid LIMIT $2`,
    [roomId, limit],
  );

/** Of the server in the room, of the room, and of all. */
export async function heldLoads(
  database: Database,
  { roomNid, server }: { readonly roomNid: number; readonly server: ServerName },
): Promise<Record<'ofServer' | 'ofRoom' | 'ofAll', HeldLoad>> {
  const [row] = await database.query<Record<string, number>>(
    'held_loads',
    `SELECT ${LOADS.map(([name, condition]) => loadOf(name, condition)).join()} FROM held_pdu`,
    [roomNid, server],
  );
  const of = (name: string) => ({ count: row![`${name}Count`]!, bytes: row![`${name}Bytes`]! });
  return { ofServer: of('server'), ofRoom: of('room'), ofAll: of('all') };
}

const LOADS = [
  ['server', 'room_nid = $1 AND server_name = $2'],
  ['room', 'room_nid = $1'],
  ['all', 'true'],
] as const;

const loadOf = (name: string, condition: string) =>
  `count(*) FILTER (WHERE ${condition})::int8 AS "${name}Count",
   coalesce(sum(octet_length(json)) FILTER (WHERE ${condition}), 0)::int8 AS "${name}Bytes"`;

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
