import { connectPool } from '../../../server/storage/database.ts';

/**
 * Makes many rooms of few: the same rows once more, with other numbers and other ids. A room that the
 * engine makes costs 9 signatures; a copied one is as good to whoever reads it.
 */
export async function copyRooms(url: string, copies: number): Promise<void> {
  const database = connectPool(url, { connectionsMax: 1, onError: console.error });
  for (let copy = 1; copy <= copies; copy++)
    for (const [name, sql] of Object.entries(COPIES)) await database.query(name, sql, [copy]);
  for (const [name, sql] of Object.entries(AFTERWARDS))
    await database.query(name, sql, name === 'positions' ? [copies] : []);
  await database.end();
}

/** Numbers go up by a whole stretch of the log for each copy; the first ones are those that were made. */
const BY = `($1::int8 * (SELECT position FROM log_head))`;
const MADE = `<= (SELECT position FROM log_head)`;
/** Four characters of the 43 of a hash tell the copies apart. */
const idOf = (id: string) =>
  `left(${id}, 1) || 'C' || lpad($1::int8::text, 5, '0') || substr(${id}, 8)`;
/** Entries are pairs of 6 bytes each (server/rooms/state/entries.ts); an event that is 0 is none. */
const ENTRIES = `(SELECT string_agg(substring(entries FROM at FOR 6)
      || substring(int8send(event + CASE WHEN event = 0 THEN 0 ELSE ${BY} END) FROM 3 FOR 6), '' ORDER BY at)
    FROM generate_series(1, length(entries), 12) at, LATERAL (
      SELECT ('x' || encode(substring(entries FROM at + 6 FOR 6), 'hex'))::bit(48)::int8 AS event) pair)`;

const COPIES = {
  room: `INSERT INTO room SELECT room_nid + ${BY}, ${idOf('room_id')}, version, published
    FROM room WHERE room_nid ${MADE}`,
  head: `INSERT INTO room_head SELECT room_nid + ${BY},
      ARRAY(SELECT nid + ${BY} FROM unnest(forward_extremities) nid), state_nid + ${BY}, last_position + ${BY}
    FROM room_head WHERE room_nid ${MADE}`,
  event: `INSERT INTO event (event_nid, room_nid, depth, origin_server_ts, state_before, state_after,
      replaces_nid, event_id, type, state_key, sender, json, position)
    SELECT event_nid + ${BY}, room_nid + ${BY}, depth, origin_server_ts,
      state_before + CASE WHEN state_before = 0 THEN 0 ELSE ${BY} END, state_after + ${BY},
      replaces_nid + ${BY}, ${idOf('event_id')}, type, state_key, sender,
      replace(json, room_id, ${idOf('room_id')}), position + ${BY}
    FROM event JOIN room USING (room_nid) WHERE event_nid ${MADE}`,
  state: `INSERT INTO state SELECT state_nid + ${BY}, room_nid + ${BY}, base_nid + ${BY}, ${ENTRIES}, hash
    FROM state WHERE state_nid ${MADE}`,
  change: `INSERT INTO state_change
    SELECT room_nid + ${BY}, position + ${BY}, key_nid, event_nid + ${BY}, replaced_nid + ${BY}
    FROM state_change WHERE room_nid ${MADE}`,
  current: `INSERT INTO current_state SELECT room_nid + ${BY}, key_nid, event_nid + ${BY}, membership
    FROM current_state WHERE room_nid ${MADE}`,
  membership: `INSERT INTO membership SELECT user_id, room_nid + ${BY}, membership, position + ${BY},
      since + ${BY}, forgotten FROM membership WHERE room_nid ${MADE}`,
  history: `INSERT INTO membership_history SELECT user_id, room_nid + ${BY}, position + ${BY},
      event_nid + ${BY}, membership FROM membership_history WHERE room_nid ${MADE}`,
};

const AFTERWARDS = {
  positions: 'UPDATE log_head SET position = position * ($1::int8 + 1)',
  // The statistics that a database has which has been used for a while.
  analyze: 'ANALYZE',
};
