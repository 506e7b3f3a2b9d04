import { join } from 'node:path';
import { connectPool } from '../../server/storage/database.ts';
import { startEmbedded } from '../../server/storage/embedded/embedded-postgres.ts';

/** In which part of what was said a word is. */
export const FREQUENCIES = { half: 2, common: 10, rare: 10_000 } as const;

const WORDS = Object.entries(FREQUENCIES)
  .map(([word, every]) => `CASE WHEN n % ${every} = 0 THEN '${word}' END`)
  .join(', ');

/** Ten words or so, most of them in few messages. */
const BODY = `concat_ws(' ', ${WORDS}, 'w' || n % 997, 'x' || n % 4999, 'y' || n % 19997, 'over', 'the', 'lazy', 'dog')`;

const STEPS: readonly string[] = [
  `CREATE TABLE seed AS SELECT event.*, row_number() OVER (ORDER BY event_nid) - 1 AS turn
   FROM event WHERE type = 'm.room.message'`,
  'CREATE TABLE base AS SELECT position, (SELECT count(*) FROM seed) AS rooms FROM log_head',
  `INSERT INTO event (event_nid, room_nid, depth, origin_server_ts, state_before, state_after, event_id, type, sender, json, position)
   SELECT base.position + n, room_nid, depth + n, origin_server_ts + n, state_after, state_after,
     '$' || left(translate(encode(sha256(n::text::bytea), 'base64'), '+/=', '-_'), 43), type, sender,
     regexp_replace(json, '"body":"[^"]*"', '"body":"' || ${BODY} || '"'), base.position + n
   FROM base, generate_series(1, $1::int8) n JOIN seed ON turn = n % (SELECT rooms FROM base)`,
  'DROP INDEX search_document_words',
  `INSERT INTO search_document (event_nid, room_nid, key, words)
   SELECT base.position + n, room_nid, 'content.body', to_tsvector('simple', ${BODY})
     || array_to_tsvector(ARRAY['#r' || room_nid, '#s' || sender, '#w' || ((base.position + n) >> 14)])
   FROM base, generate_series(1, $1::int8) n JOIN seed ON turn = n % (SELECT rooms FROM base)`,
  `CREATE INDEX search_document_words ON search_document USING gin (words) WITH (gin_pending_list_limit = 256)`,
  `UPDATE room_head SET forward_extremities = ARRAY[newest], last_position = newest FROM (
     SELECT room_nid, max(event_nid) AS newest FROM event GROUP BY room_nid) ends
   WHERE ends.room_nid = room_head.room_nid`,
  'UPDATE log_head SET position = position + $1::int8 + 1',
  `UPDATE outward_cursor SET position = (SELECT position FROM log_head) WHERE name = 'search'`,
  'DROP TABLE seed, base',
  'VACUUM ANALYZE',
];

/** So many messages more, found by the search, in the rooms in which one was said: rows as the server writes them, without it. */
export async function sayMuch(data: string, events: number): Promise<void> {
  const postgres = await startEmbedded({
    ...{ folder: join(data, 'db'), settings: { fsync: 'off', maintenance_work_mem: '256MB' } },
  });
  const database = connectPool(postgres.url, { connectionsMax: 1, onError: console.error });
  for (const [step, sql] of STEPS.entries())
    await database.query(`step ${step}`, sql, sql.includes('$1') ? [events] : []);
  await database.end();
  await postgres.stop();
}
