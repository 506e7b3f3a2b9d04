import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';

/** A room as administrators see it in a list. */
export interface ListedRoom {
  readonly roomId: RoomId;
  readonly version: string;
  readonly published: boolean;
  readonly name: string | null;
  readonly canonicalAlias: string | null;
  readonly joinedMembers: number;
  readonly stateEvents: number;
}

/** By what a list may be ordered; the first way round is the one that is wanted most. */
const ORDERS = {
  name: 'name ASC NULLS LAST',
  canonical_alias: '"canonicalAlias" ASC NULLS LAST',
  joined_members: '"joinedMembers" DESC',
  state_events: '"stateEvents" DESC',
  version: 'version DESC',
  public: 'published ASC',
} as const;

export type RoomOrder = keyof typeof ORDERS;
export const ROOM_ORDERS = Object.keys(ORDERS) as [RoomOrder, ...RoomOrder[]];

export interface RoomPage {
  /** Somewhere in the name or the alias, or the whole id; all with an empty one. */
  readonly text: string;
  readonly order: RoomOrder;
  readonly isReversed: boolean;
  readonly from: number;
  readonly limit: number;
}

const content = (type: string, field: string) =>
  `(SELECT event.json::json -> 'content' ->> '${field}' FROM state_key
     JOIN current_state USING (key_nid) JOIN event USING (event_nid)
     WHERE state_key.type = '${type}' AND state_key.state_key = ''
       AND current_state.room_nid = room.room_nid)`;

const counted = (condition: string) =>
  `(SELECT count(*) FROM current_state
     WHERE current_state.room_nid = room.room_nid AND ${condition})`;

const FOUND = `SELECT * FROM (
    SELECT room_id AS "roomId", version, published, ${content('m.room.name', 'name')} AS name,
      ${content('m.room.canonical_alias', 'alias')} AS "canonicalAlias",
      ${counted(`membership = 'join'`)} AS "joinedMembers", ${counted('true')} AS "stateEvents"
    FROM room) AS listed
  WHERE $1 = '' OR "roomId" = $1 OR name ILIKE '%' || $2 || '%' OR "canonicalAlias" ILIKE '%' || $2 || '%'`;

const valuesOf = (text: string) => [text, text.replaceAll(/[\\%_]/g, '\\$&')];

export const listedRooms = (database: Database, page: RoomPage) =>
  database.query<ListedRoom>(
    `listed_rooms_${page.order}_${page.isReversed}`,
    `${FOUND} ORDER BY ${page.isReversed ? reversed(ORDERS[page.order]) : ORDERS[page.order]}, "roomId"
     LIMIT $3 OFFSET $4`,
    [...valuesOf(page.text), page.limit, page.from],
  );

const reversed = (order: string): string =>
  order.includes('ASC')
    ? order.replace('ASC', 'DESC').replace('NULLS LAST', 'NULLS FIRST')
    : order.replace('DESC', 'ASC');

export async function countOfRooms(database: Database, text: string): Promise<number> {
  const rows = await database.query<{ count: number }>(
    'count_of_rooms',
    `SELECT count(*) FROM (${FOUND}) AS found`,
    valuesOf(text),
  );
  return rows[0]!.count;
}

/** An event that nothing is built upon yet. */
export interface ListedExtremity {
  readonly event_id: EventId;
  /** The number of the room's state behind all of them. */
  readonly state_group: number;
  readonly depth: number;
  /** Of its sender's server. */
  readonly received_ts: number;
}

export const listedExtremities = (database: Database, roomId: RoomId) =>
  database.query<ListedExtremity>(
    'forward_extremities',
    `SELECT event_id, state_nid AS state_group, depth, origin_server_ts AS received_ts
     FROM room JOIN room_head USING (room_nid) CROSS JOIN unnest(forward_extremities) AS extremity (event_nid)
       JOIN event USING (event_nid)
     WHERE room_id = $1 ORDER BY depth DESC, event_id`,
    [roomId],
  );
