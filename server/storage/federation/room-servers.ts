import type { ServerName } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';

/** A server of joined members; or what a membership that changed later was at the time. */
export interface ServerInRoom {
  readonly serverName: ServerName;
  /** Null for those whose membership is as it was. */
  readonly changedAt: number | null;
  /** The membership event of the time, where it changed; null where there was none. */
  readonly json: string | null;
}

/**
 * Whose members are in the room by its state behind a position: as it is now, but for what changed since. While its members are
 * not here yet, also those of which it was told that they have some.
 * One statement, so that both are of one moment.
 */
export const serversInRoom = (database: Database, roomNid: number, position: number) =>
  database.query<ServerInRoom>(
    'servers_in_room',
    `WITH later AS (
       SELECT DISTINCT ON (key_nid) key_nid, position, replaced_nid FROM state_change
       WHERE room_nid = $1 AND position > $2 ORDER BY key_nid, position)
     SELECT DISTINCT ${SERVER} AS "serverName", NULL::int8 AS "changedAt", NULL AS json
     FROM current_state JOIN state_key USING (key_nid)
     WHERE room_nid = $1 AND membership = 'join' AND type = 'm.room.member'
       AND key_nid NOT IN (SELECT key_nid FROM later)
     UNION ALL
     SELECT json_array_elements_text(servers::json), NULL::int8, NULL FROM partial_join
     WHERE room_nid = $1 AND whole_at IS NULL
     UNION ALL
     SELECT ${SERVER}, later.position, event.json
     FROM later JOIN state_key USING (key_nid) LEFT JOIN event ON event_nid = replaced_nid
     WHERE state_key.type = 'm.room.member'`,
    [roomNid, position],
  );

const SERVER = `substr(state_key.state_key, strpos(state_key.state_key, ':') + 1)`;
