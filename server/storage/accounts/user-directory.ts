import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import { isNotDeleted } from '../rooms/memberships.ts';

export interface FoundUser {
  readonly userId: UserId;
  readonly displayName: string | null;
  readonly avatarUrl: string | null;
}

/** Rooms that anybody may enter or read. One that is being entered has no head yet. */
const OPEN_ROOMS = `
  SELECT current_state.room_nid FROM current_state
  JOIN state_key USING (key_nid) JOIN event USING (event_nid)
  WHERE state_key.state_key = ''
    AND ${isNotDeleted('current_state.room_nid')}
    AND EXISTS (SELECT 1 FROM room_head WHERE room_head.room_nid = current_state.room_nid)
    AND ((state_key.type = 'm.room.join_rules'
          AND event.json::json -> 'content' ->> 'join_rule' = 'public')
      OR (state_key.type = 'm.room.history_visibility'
          AND event.json::json -> 'content' ->> 'history_visibility' = 'world_readable'))`;

/**
 * Those whom `reader` may find: who shares a room with them, or is in an open one, but for themselves. The term may
 * stand anywhere in id or name; who begins with it comes first. It reads through memberships, which
 * is quick enough for what people type, and is limited like other reads. The collation is named,
 * since the database's own may know upper and lower case of ASCII only (pg_c_utf8: PostgreSQL 17).
 */
export const searchUsers = (
  database: Database,
  { reader, term, limit }: { reader: UserId; term: string; limit: number },
) =>
  database.query<FoundUser>(
    'search_users',
    `WITH visible AS (
       SELECT DISTINCT membership.user_id FROM membership
       WHERE membership = 'join' AND membership.user_id <> $1 AND room_nid IN (
         SELECT room_nid FROM membership
         WHERE user_id = $1 AND membership = 'join' AND ${isNotDeleted('membership.room_nid')}
         UNION ALL ${OPEN_ROOMS})),
     named AS (
       SELECT visible.user_id, (name.value::json #>> '{}') COLLATE pg_c_utf8 AS display_name,
         avatar.value::json #>> '{}' AS avatar_url
       FROM visible
       LEFT JOIN profile_field name
         ON name.user_id = visible.user_id AND name.field = 'displayname'
       LEFT JOIN profile_field avatar
         ON avatar.user_id = visible.user_id AND avatar.field = 'avatar_url')
     SELECT user_id AS "userId", display_name AS "displayName", avatar_url AS "avatarUrl"
     FROM named WHERE user_id ILIKE '%' || $2 || '%' OR display_name ILIKE '%' || $2 || '%'
     ORDER BY user_id ILIKE '@' || $2 || '%' OR coalesce(display_name, '') ILIKE $2 || '%' DESC,
       display_name IS NULL, user_id
     LIMIT $3`,
    [reader, term.replaceAll(/[\\%_]/g, '\\$&'), limit],
  );
