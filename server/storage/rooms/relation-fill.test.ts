import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { expect, test } from 'vitest';
import { emptyDatabase } from '../../../test/support/postgres.ts';
import { MIGRATIONS, migrate } from '../migrate.ts';
import { RelationFill } from './relation-fill.ts';

test('the takeover reads no event of before for what it relates to', async () => {
  await using before = await databaseOfBefore();
  await migrate(before.url);
  expect(await before.query('SELECT * FROM relation')).toEqual([]);
  expect(await before.query('SELECT * FROM relation_fill')).toEqual([
    { filled_up_to: 0, rooms_up_to: 2 },
  ]);
});

test('what related to what before there was a table of it is found behind the takeover', async () => {
  await using before = await databaseOfBefore();
  await migrate(before.url);
  const fill = await RelationFill.open(before.url);
  await fill.ofAll();
  expect(await before.query(RELATIONS)).toEqual([...OF_ROOM_1, OF_ROOM_2]);
  expect(await before.query('SELECT root_id, latest_nid FROM thread')).toEqual([
    { root_id: '$1', latest_nid: 3 },
  ]);
  expect(await before.query('SELECT * FROM relation_fill')).toEqual([]);
  await (await RelationFill.open(before.url)).ofAll();
  expect(await before.query(RELATIONS)).toHaveLength(5);
});

test.each([
  ['that writes of U+0000 in words', `{"body":"\\\\u0000 and C:\\\\udp",RELATES}`, 1],
  ['that has U+0000 behind a backslash', `{"body":"\\\\\\u0000",RELATES}`, 0],
  ['that has half a surrogate pair', `{"body":"\\udc00",RELATES}`, 0],
  ['whose rel_type is a number', '{"m.relates_to":{"rel_type":5,"event_id":"$1"}}', 0],
])('an event %s has its relation where it can be read', async (_which, content, count) => {
  await using before = await databaseOfBefore();
  await before.query(`INSERT INTO event (event_nid, room_nid, depth, origin_server_ts, event_id, sender, json, type)
    VALUES (13, 1, 13, 1013, '$13', '@a:x', '{"content":${content.replace('RELATES', RELATES)}}', 'm.room.message')`);
  await migrate(before.url);
  await (await RelationFill.open(before.url)).ofAll();
  expect(await before.query('SELECT * FROM relation WHERE event_nid = 13')).toHaveLength(count);
});

test('a room that is needed before its turn is made ready alone, and once', async () => {
  await using before = await databaseOfBefore();
  await migrate(before.url);
  const fill = await RelationFill.open(before.url);
  await Promise.all([fill.ofRooms([1]), fill.ofRooms([1, 77])]);
  expect(await before.query(RELATIONS)).toEqual(OF_ROOM_1);
  // Its redaction comes when the room is in memory, so it is not brought back.
  await before.query('DELETE FROM relation WHERE event_nid = 5');
  await fill.ofAll();
  expect(await before.query(RELATIONS)).toEqual([...OF_ROOM_1.slice(0, 3), OF_ROOM_2]);
});

test('a writer goes on where the one before it was', async () => {
  await using before = await databaseOfBefore();
  await migrate(before.url);
  await before.query('UPDATE relation_fill SET filled_up_to = 1');
  const fill = await RelationFill.open(before.url);
  await fill.ofRooms([1]);
  await fill.ofAll();
  expect(await before.query(RELATIONS)).toEqual([OF_ROOM_2]);
});

test('rooms that could not be made ready are tried again when they are needed next', async () => {
  await using before = await databaseOfBefore();
  await migrate(before.url);
  const fill = await RelationFill.open(before.url);
  await before.query('ALTER TABLE relation RENAME TO away');
  await expect(fill.ofRooms([1])).rejects.toThrow('relation');
  await before.query('ALTER TABLE away RENAME TO relation');
  await fill.ofRooms([1]);
  expect(await before.query(RELATIONS)).toEqual(OF_ROOM_1);
});

test('however many ask at once for rooms before their turn, few connections are opened for them', async () => {
  await using before = await databaseOfBefore();
  await before.query(
    `INSERT INTO room (room_nid, room_id, version, published)
     SELECT nid, '!' || nid, '12', false FROM generate_series(3, 46) nid`,
  );
  await migrate(before.url);
  await noteAtFill(before, 'pg_backend_pid()::text');
  const fill = await RelationFill.open(before.url);
  await Promise.all(Array.from({ length: 40 }, (_, index) => fill.ofRooms([index + 1])));
  expect((await before.query('SELECT DISTINCT said FROM noted')).length).toBeLessThan(10);
  for (const nid of [41, 42, 43, 44, 45, 46]) await fill.ofRooms([nid]);
  expect(await before.query(RELATIONS)).toEqual([...OF_ROOM_1, OF_ROOM_2]);
});

test('a server that stops goes no further, and leaves the rest to the next', async () => {
  await using before = await databaseOfBefore();
  await migrate(before.url);
  await (await RelationFill.open(before.url, AbortSignal.abort())).ofAll();
  expect(await before.query(RELATIONS)).toEqual([]);
  await (await RelationFill.open(before.url)).ofAll();
  expect(await before.query(RELATIONS)).toHaveLength(5);
});

test('whoever ends the writer waits for no room that is being made ready', async () => {
  await using before = await databaseOfBefore();
  await migrate(before.url);
  const holder = new pg.Client({ connectionString: before.url });
  await holder.connect();
  await holder.query('BEGIN; LOCK TABLE relation');
  const house = new AbortController();
  const fill = await RelationFill.open(before.url, house.signal);
  const all = fill.ofAll();
  const ended = expect(all).rejects.toThrow('terminated');
  await untilOneWaits(before);
  house.abort();
  await ended;
  await holder.end();
});

test('no room is made ready by a writer that has ended meanwhile', async () => {
  await using before = await databaseOfBefore();
  await migrate(before.url);
  const fill = await RelationFill.open(before.url, AbortSignal.abort());
  await expect(fill.ofRooms([1])).rejects.toThrow(/closed|terminated/);
  expect(await before.query(RELATIONS)).toEqual([]);
});

test('a time limit that is set for the database cuts no room off', async () => {
  await using before = await databaseOfBefore();
  await migrate(before.url);
  await noteAtFill(before, `current_setting('transaction_timeout')`);
  await before.query(`DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET transaction_timeout = %L', current_database(), '1h'); END $$`);
  await (await RelationFill.open(before.url)).ofRooms([1]);
  expect(await before.query('SELECT DISTINCT said FROM noted')).toEqual([{ said: '0' }]);
});

test('a database whose relations were all found at once, as for some days, has none to find', async () => {
  await using before = await databaseOfBefore();
  const first = MIGRATIONS.find(({ number }) => number === 100)!;
  const sql = first.sql.slice(0, first.sql.indexOf('-- The rooms whose events'));
  await migrate(before.url, [...UP_TO_0100, { ...first, sql }]);
  await before.query(`INSERT INTO relation VALUES (1, '$1', 'm.thread', 2, 2, 'm.x', '@a:x')`);
  await migrate(before.url);
  await (await RelationFill.open(before.url)).ofAll();
  expect(await before.query(RELATIONS)).toHaveLength(1);
});

const UP_TO_0100 = MIGRATIONS.filter(({ number }) => number < 100);
const RELATIONS = 'SELECT event_nid AS nid, rel_type, edit_ts FROM relation ORDER BY event_nid';
const RELATES = '"m.relates_to":{"rel_type":"m.thread","event_id":"$1"}';
const OF_ROOM_1 = [
  { nid: 2, rel_type: 'm.thread', edit_ts: null },
  { nid: 3, rel_type: 'm.thread', edit_ts: null },
  { nid: 4, rel_type: 'm.replace', edit_ts: 1004 },
  { nid: 5, rel_type: 'm.replace', edit_ts: null },
];
const OF_ROOM_2 = { nid: 12, rel_type: 'm.reference', edit_ts: null };

async function untilOneWaits({ query }: { query: (sql: string) => Promise<readonly object[]> }) {
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  while ((await query(waiting)).length === 0) await setTimeout(20);
}

/** What is true while a room is made ready, in a table of that name. */
async function noteAtFill({ query }: { query: (sql: string) => Promise<unknown> }, said: string) {
  await query('CREATE TABLE noted (said text)');
  await query(`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO noted VALUES (${said}); RETURN NULL; END $$`);
  await query(
    'CREATE TRIGGER noted AFTER INSERT ON relation FOR EACH STATEMENT EXECUTE FUNCTION note()',
  );
}

/** Two rooms, as a server wrote them that knew nothing of relations. */
async function databaseOfBefore() {
  const { url, database, [Symbol.asyncDispose]: dispose } = await emptyDatabase();
  await migrate(url, UP_TO_0100);
  let count = 0;
  const query = (sql: string) => database.query<object>(`test ${count++}`, sql);
  const event = (roomNid: number, nid: number, content: string) =>
    query(`INSERT INTO event (event_nid, room_nid, depth, origin_server_ts, event_id, sender, json, type)
      VALUES (${nid}, ${roomNid}, ${nid}, 1000 + ${nid}, '$${nid}', '@a:x', '{"content":${content}}', 'm.room.message')`);
  const relates = (type: string, to = '$1') =>
    `"m.relates_to":{"rel_type":"${type}","event_id":"${to}"}`;
  for (const nid of [1, 2])
    await query(
      `INSERT INTO room (room_nid, room_id, version, published) VALUES (${nid}, '!${nid}', '12', false)`,
    );
  await event(1, 1, '{"body":"root"}');
  await event(1, 2, `{${relates('m.thread')}}`);
  await event(1, 3, `{${relates('m.thread')}}`);
  await event(1, 4, `{"m.new_content":{},${relates('m.replace')}}`);
  await event(1, 5, `{${relates('m.replace')}}`);
  await event(1, 6, `{"body":"\\u0000",${relates('m.reference')}}`);
  await event(1, 7, `{${relates('m.reference', 'nothing')}}`);
  await event(1, 8, '{"m.relates_to":{"m.in_reply_to":{"event_id":"$1"}}}');
  await event(1, 9, `{${relates('m.reference')}}`);
  await query('INSERT INTO redaction VALUES (9, 10)');
  await event(2, 11, '{"body":"root"}');
  await event(2, 12, `{${relates('m.reference', '$11')}}`);
  return { url, query, [Symbol.asyncDispose]: dispose };
}
