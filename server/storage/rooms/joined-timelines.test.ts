import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { connectPool } from '../database.ts';
import { NEWEST_OF_JOINED } from './joined-timelines.ts';

const ROOMS = 100;
const MEMBERS = 50;
const PER_ROOM = 5;

test('the floor of what a user is notified of is asked for once, however many events were found without statistics', async () => {
  await using fresh = await freshDatabase();
  const database = connectPool(fresh.url, { connectionsMax: 1, onError: console.error });
  for (const [index, each] of [...FILL, ...PREPARED].entries())
    await database.query(`statement_${index}`, each, []);
  const plan = await database.query<{ readonly 'QUERY PLAN': string }>(
    'plan',
    `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE newest('@a:x', ${ROOMS * 10}, ${PER_ROOM}, 100)`,
    [],
  );
  await database.end();
  const lines = plan.map((line) => line['QUERY PLAN']);
  const found = lines.find((line) => line.includes('WindowAgg'));
  expect(found).toMatch(RegExp(`rows=${ROOMS * PER_ROOM}\\D`));
  const floors = lines.filter((line) => line.includes('Aggregate'));
  expect(floors).toHaveLength(1);
  expect(floors[0]).toContain('loops=1)');
});

const ROOM = `generate_series(1, ${ROOMS}) room`;

/** Rooms of ten events and many members each; one is in all of them. */
const FILL = [
  `INSERT INTO room (room_nid, room_id, version, published) SELECT room, '!' || room, '12', false FROM ${ROOM}`,
  `INSERT INTO membership SELECT CASE n WHEN 1 THEN '@a:x' ELSE '@' || n || ':x' END, room, 'join', 0, 0, false
     FROM ${ROOM}, generate_series(1, ${MEMBERS}) n`,
  `INSERT INTO event (event_nid, room_nid, depth, origin_server_ts, event_id, type, sender, json)
     SELECT n, 1 + n % ${ROOMS}, n, 0, '$' || n, 'm.room.message', '@a:x', '{}'
     FROM generate_series(1, ${ROOMS * 10}) n`,
];

/** As it is planned once it has been asked for a few times. */
const PREPARED = [
  `SET plan_cache_mode = force_generic_plan`,
  `PREPARE newest (text, int8, int8, int8) AS ${NEWEST_OF_JOINED}`,
];
