import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/** Of the current state without memberships, each event with the one that it replaced; what is redacted is none. */
export async function stateBytes(database: Database, roomNid: number): Promise<number> {
  const [row] = await database.query<{ bytes: number }>(
    'state_bytes',
    `SELECT coalesce(sum(${bytesOf('own')} + coalesce(${bytesOf('replaced')}, 0)), 0)::int8 AS bytes
     FROM current_state
       JOIN event own USING (event_nid)
       LEFT JOIN event replaced ON replaced.event_nid = own.replaces_nid
     WHERE current_state.room_nid = $1 AND membership IS NULL`,
    [roomNid],
  );
  return row!.bytes;
}

const bytesOf = (event: string) => `CASE
  WHEN EXISTS (SELECT 1 FROM redaction WHERE target_nid = ${event}.event_nid) THEN 0
  ELSE octet_length(${event}.json) END`;

/** Also of a room that has no head yet. */
export const currentEntries = (database: Database, roomNid: number) =>
  database.query<{ readonly keyNid: number; readonly eventNid: number }>(
    'current_entries',
    'SELECT key_nid AS "keyNid", event_nid AS "eventNid" FROM current_state WHERE room_nid = $1',
    [roomNid],
  );

export interface StateRow {
  readonly nid: number;
  readonly baseNid: number | null;
  readonly entries: Buffer;
  readonly hash: Buffer;
}

/** A state with all that it is built on, itself first and the full snapshot last. */
export const stateWithBases = (database: Database, stateNid: number) =>
  database.query<StateRow>(
    'state_with_bases',
    `WITH RECURSIVE layer AS (
       SELECT 1 AS height, state.* FROM state WHERE state_nid = $1
       UNION ALL
       SELECT height + 1, below.* FROM layer JOIN state below ON below.state_nid = layer.base_nid)
     SELECT state_nid AS nid, base_nid AS "baseNid", entries, hash FROM layer ORDER BY height`,
    [stateNid],
  );

/**
 * The same of many: `top` is the state that was asked for. Without LIMIT the planner joined them with
 * the whole table.
 */
export const statesWithBases = (database: Database, stateNids: readonly number[]) =>
  database.query<StateRow & { readonly top: number }>(
    'states_with_bases',
    `WITH RECURSIVE layer AS (
       SELECT state_nid AS top, 1 AS height, state.* FROM state WHERE state_nid = ANY ($1::int8[])
       UNION ALL
       SELECT top, height + 1, below.* FROM layer CROSS JOIN LATERAL (
         SELECT * FROM state WHERE state_nid = layer.base_nid LIMIT 1) below)
     SELECT top, state_nid AS nid, base_nid AS "baseNid", entries, hash FROM layer ORDER BY height`,
    [stateNids],
  );

/** A room's state is stored once: which has this hash. */
export async function stateNidByHash(
  database: Database,
  { roomNid, hash }: { readonly roomNid: number; readonly hash: Buffer },
): Promise<number | undefined> {
  const [row] = await database.query<{ nid: number }>(
    'state_nid_by_hash',
    'SELECT state_nid AS nid FROM state WHERE room_nid = $1 AND hash = $2',
    [roomNid, hash],
  );
  return row?.nid;
}

/** `eventNid` is null where the key is gone, `replacedNid` where it was not there. */
export interface StateChange {
  readonly position: number;
  readonly keyNid: number;
  readonly eventNid: number | null;
  readonly replacedNid: number | null;
}

export interface LogRange {
  readonly roomNid: number;
  readonly after: number;
  readonly upTo: number;
}

/** Changes of current state of rooms, each in (after, upTo] of its own, in order. */
export const stateChangesOf = (database: Database, ranges: readonly LogRange[]) =>
  database.query<StateChange & { readonly roomNid: number }>(
    'state_changes_of',
    `SELECT room_nid AS "roomNid", change.position, key_nid AS "keyNid", event_nid AS "eventNid",
       replaced_nid AS "replacedNid"
     FROM unnest($1::int8[], $2::int8[], $3::int8[]) AS wanted (nid, after, up_to)
     CROSS JOIN LATERAL (SELECT * FROM state_change
       WHERE room_nid = wanted.nid AND position > wanted.after AND position <= wanted.up_to) change
     ORDER BY change.position`,
    [
      ranges.map(({ roomNid }) => roomNid),
      ranges.map(({ after }) => after),
      ranges.map(({ upTo }) => upTo),
    ],
  );

export const stateRow = (state: {
  nid: number;
  roomNid: number;
  baseNid: number | undefined;
  entries: Buffer;
  hash: Buffer;
}): Row => ({
  write: INSERT_STATE,
  values: [state.nid, state.roomNid, state.baseNid ?? null, state.entries, state.hash],
});

export const currentStateRow = (entry: {
  roomNid: number;
  keyNid: number;
  eventNid: number;
  membership: string | undefined;
}): Row => ({
  write: PUT_CURRENT_STATE,
  values: [entry.roomNid, entry.keyNid, entry.eventNid, entry.membership ?? null],
});

/** The key is gone from the room's state. */
export const noCurrentStateRow = ({
  roomNid,
  keyNid,
}: {
  roomNid: number;
  keyNid: number;
}): Row => ({
  write: REMOVE_CURRENT_STATE,
  values: [roomNid, keyNid],
});

export const stateChangeRow = (change: {
  roomNid: number;
  position: number;
  keyNid: number;
  eventNid: number | undefined;
  replacedNid: number | undefined;
}): Row => ({
  write: INSERT_STATE_CHANGE,
  values: [
    change.roomNid,
    change.position,
    change.keyNid,
    change.eventNid ?? null,
    change.replacedNid ?? null,
  ],
});

const INSERT_STATE: Write = {
  name: 'insert_state',
  table: 'state',
  sql: `INSERT INTO state (state_nid, room_nid, base_nid, entries, hash)
    SELECT * FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::bytea[], $5::bytea[])`,
  types: ['int8', 'int8', 'int8', 'bytea', 'bytea'],
};

const PUT_CURRENT_STATE: Write = {
  name: 'put_current_state',
  table: 'current_state',
  sql: `INSERT INTO current_state (room_nid, key_nid, event_nid, membership)
    SELECT * FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::text[])
    ON CONFLICT (room_nid, key_nid) DO UPDATE
      SET event_nid = excluded.event_nid, membership = excluded.membership`,
  types: ['int8', 'int8', 'int8', 'text'],
  key: (values) => `${values[0]} ${values[1]}`,
};

const REMOVE_CURRENT_STATE: Write = {
  name: 'remove_current_state',
  table: 'current_state',
  sql: `DELETE FROM current_state USING unnest($1::int8[], $2::int8[]) AS gone (room_nid, key_nid)
    WHERE current_state.room_nid = gone.room_nid AND current_state.key_nid = gone.key_nid`,
  types: ['int8', 'int8'],
  key: (values) => `${values[0]} ${values[1]}`,
};

const INSERT_STATE_CHANGE: Write = {
  name: 'insert_state_change',
  table: 'state_change',
  sql: `INSERT INTO state_change (room_nid, position, key_nid, event_nid, replaced_nid)
    SELECT * FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[])`,
  types: ['int8', 'int8', 'int8', 'int8', 'int8'],
};
