import type { RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';
import { isInTimeline } from './timeline.ts';

/** A room that was joined without its members, until these are here. */
export interface PartialJoin {
  readonly roomNid: number;
  /** Of our user, by which it was joined. */
  readonly eventNid: number;
  /** Through which it was joined. */
  readonly server: ServerName;
  /** Those that had somebody in the room, as that server told. */
  readonly servers: readonly ServerName[];
}

/** Undefined for a room that is whole. */
export async function partialJoin(
  database: Database,
  roomId: RoomId,
): Promise<PartialJoin | undefined> {
  const [row] = await database.query<Omit<PartialJoin, 'servers'> & { servers: string }>(
    'partial_join',
    `SELECT room_nid AS "roomNid", event_nid AS "eventNid", server_name AS server, servers
     FROM partial_join JOIN room USING (room_nid) WHERE room_id = $1 AND whole_at IS NULL`,
    [roomId],
  );
  return row && { ...row, servers: JSON.parse(row.servers) };
}

export interface UnfinishedRoom {
  readonly roomId: RoomId;
  /** By which it was joined without its members; null where something is held of it and no more. */
  readonly through: ServerName | null;
}

/** Those that are not whole, and that who joined them is in, or for which something is held. Those that were left stay as they are. */
export const unfinishedRooms = (database: Database) =>
  database.query<UnfinishedRoom>(
    'unfinished_rooms',
    `SELECT room_id AS "roomId", server_name AS through FROM room LEFT JOIN (
       SELECT room_nid, server_name FROM partial_join WHERE whole_at IS NULL AND EXISTS (
         SELECT FROM event JOIN membership ON user_id = sender AND membership.room_nid = event.room_nid
         WHERE event.event_nid = partial_join.event_nid AND membership = 'join')
     ) partly USING (room_nid)
     WHERE partly.room_nid IS NOT NULL OR room_nid IN (SELECT room_nid FROM held_pdu)`,
  );

/** The numbers of all that a room has been in from this one on, in order. */
export async function statesFrom(
  database: Database,
  { roomNid, stateNid }: { readonly roomNid: number; readonly stateNid: number },
): Promise<number[]> {
  const rows = await database.query<{ nid: number }>(
    'states_from',
    `SELECT state_nid AS nid FROM state WHERE room_nid = $1 AND state_nid >= $2
     ORDER BY state_nid`,
    [roomNid, stateNid],
  );
  return rows.map(({ nid }) => nid);
}

export const partialJoinRow = ({ roomNid, eventNid, server, servers }: PartialJoin): Row => ({
  write: INSERT_PARTIAL,
  values: [roomNid, eventNid, server, JSON.stringify(servers)],
});

export const roomWholeRow = (roomNid: number, position: number): Row => ({
  write: PUT_WHOLE,
  values: [roomNid, position],
});

/** Events that stand in or behind a state stand there no more, but in another: of their room's timeline. */
export const restatedRows = (move: { roomNid: number; from: number; to: number }): Row[] => {
  const values = [move.roomNid, move.from, move.to];
  return [
    { write: RESTATE_BEFORE, values },
    { write: RESTATE_AFTER, values },
  ];
};

const INSERT_PARTIAL: Write = {
  name: 'insert_partial_join',
  table: 'partial_join',
  sql: `INSERT INTO partial_join (room_nid, event_nid, server_name, servers)
    SELECT * FROM unnest($1::int8[], $2::int8[], $3::text[], $4::text[])
    ON CONFLICT (room_nid) DO UPDATE SET event_nid = excluded.event_nid,
      server_name = excluded.server_name, servers = excluded.servers, whole_at = NULL`,
  types: ['int8', 'int8', 'text', 'text'],
};

const PUT_WHOLE: Write = {
  name: 'put_room_whole',
  table: 'partial_join',
  sql: `UPDATE partial_join SET whole_at = whole.at
    FROM unnest($1::int8[], $2::int8[]) AS whole (nid, at)
    WHERE room_nid = whole.nid AND whole_at IS NULL`,
  types: ['int8', 'int8'],
};

const restate = (column: 'state_before' | 'state_after'): Write => ({
  name: `restate_${column}`,
  table: 'event',
  sql: `UPDATE event SET ${column} = moved.goes_to
    FROM unnest($1::int8[], $2::int8[], $3::int8[]) AS moved (nid, stands_in, goes_to)
    WHERE room_nid = moved.nid AND ${column} = moved.stands_in
      AND ${isInTimeline('event')}`,
  types: ['int8', 'int8', 'int8'],
});

const RESTATE_BEFORE = restate('state_before');
const RESTATE_AFTER = restate('state_after');
