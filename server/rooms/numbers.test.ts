import { expect, test } from 'vitest';
import { emptyDatabase, type FreshDatabase, freshDatabase } from '../../test/support/postgres.ts';
import { alice, bodiesIn, openRooms } from '../../test/support/rooms.ts';
import type { EventId, RoomId } from '../protocol/identifiers.ts';
import { MIGRATIONS, migrate, migrateBehind, migrationOf } from '../storage/migrate.ts';
import { newestOfTimeline } from '../storage/rooms/events.ts';

test('an event that enters the timeline long after it was stored comes there in order', async () => {
  await using bench = await workbench(['outlier', 'one', 'two']);
  const [outlier] = bench.events;
  await bench.sql(`UPDATE event SET outlier = true, position = NULL WHERE event_id = '${outlier}'`);
  await using before = await openRooms(bench.fresh);
  expect(await bodiesIn(before, bench.roomId)).toEqual(['one', 'two']);
  const seen = (await before.rooms.open(bench.roomId))!.lastPosition;
  const entered = seen + 7;
  await bench.sql(
    `UPDATE event SET outlier = false, position = ${entered} WHERE event_id = '${outlier}'`,
  );
  await bench.sql(`UPDATE room_head SET last_position = ${entered}`);
  await using after = await openRooms(bench.fresh);
  expect(await bodiesIn(after, bench.roomId)).toEqual(['one', 'two', 'outlier']);
  const room = (await after.rooms.open(bench.roomId))!;
  const news = await room.timeline({ after: seen, upTo: entered, limit: 5 });
  expect(news.events.map(({ eventId }) => eventId)).toEqual([outlier]);
  expect(await room.placeAt(entered - 1)).toEqual(place((await room.event(bench.events[2]!))!));
  expect(await room.placeAt(entered)).toEqual(place((await room.event(outlier!))!));
});

test('what a server of before wrote into the timeline has its number for a position', async () => {
  await using bench = await workbench(['one', 'two', 'three', 'outlier']);
  await bench.sql('UPDATE event SET position = NULL');
  await bench.sql(`UPDATE event SET outlier = true WHERE event_id = '${bench.events[3]}'`);
  await using after = await openRooms(bench.fresh);
  expect(await bodiesIn(after, bench.roomId)).toEqual(['one', 'two', 'three']);
  const room = (await after.rooms.open(bench.roomId))!;
  const [, two, three] = await Promise.all(bench.events.map((each) => room.event(each)));
  expect([two!.position, three!.position]).toEqual([two!.nid, three!.nid]);
  const news = await room.timeline({ after: two!.position, upTo: three!.position, limit: 5 });
  expect(news.events.map(({ eventId }) => eventId)).toEqual([three!.eventId]);
  expect(await room.placeAt(three!.position - 1)).toEqual(place(two!));
  expect((await room.event(bench.events[3]!))!.position).toBe(0);
});

test('the schema of before takes its new column without a row being written anew', async () => {
  await using before = await schemaOfBefore();
  const rows = (name: string) =>
    before.query(name, 'SELECT ctid::text, xmin::text FROM event ORDER BY event_nid');
  const written = await rows('before');
  await migrate(before.url);
  expect(await rows('after')).toEqual(written);
  expect(await before.positions()).toEqual([4, 3]);
  await migrateBehind(before.url);
  expect(await before.positions()).toEqual([4, 3]);
});

test('a database whose rows were written anew, as they were for some days, is read as any other', async () => {
  await using before = await schemaOfBefore();
  await migrate(before.url, [...MIGRATIONS.filter(({ number }) => number < 40), ONCE_0040]);
  await before.query(
    'outlier',
    'UPDATE event SET outlier = true, position = NULL WHERE event_nid = 4',
  );
  await migrate(before.url);
  expect(await before.positions()).toEqual([3]);
  await migrateBehind(before.url);
  await before.query('late', 'UPDATE event SET position = 9, outlier = false WHERE event_nid = 4');
  expect(await before.positions()).toEqual([3]);
  expect(await before.positions(9)).toEqual([9, 5, 3]);
});

test('an event is built on all ends of a forked room, and on the deepest twenty of more', async () => {
  await using bench = await workbench(Array.from({ length: 25 }, (_, index) => `${index}`));
  await bench.sql(`UPDATE room_head SET forward_extremities =
    (SELECT array_agg(event_nid) FROM event WHERE type = 'm.room.message')`);
  await using forked = await openRooms(bench.fresh);
  const first = await forked.say(bench.roomId, alice, 'first');
  const second = await forked.say(bench.roomId, alice, 'second');
  const { prev_events, depth } = await bench.pdu(first);
  expect([...prev_events].sort()).toEqual(bench.events.slice(5).sort());
  expect(depth).toBe((await bench.pdu(bench.events[24]!)).depth + 1);
  expect((await bench.pdu(second)).prev_events).toEqual([...bench.events.slice(0, 5), first]);
  await using restarted = await openRooms(bench.fresh);
  const third = await restarted.say(bench.roomId, alice, 'third');
  expect((await bench.pdu(third)).prev_events).toEqual([second]);
});

/** Five messages in a room, in the schema before events had a position. */
async function schemaOfBefore() {
  const fresh = await emptyDatabase();
  const { database } = fresh;
  await migrate(
    fresh.url,
    MIGRATIONS.filter(({ number }) => number < 40),
  );
  await database.query(
    'events',
    `INSERT INTO event (event_nid, room_nid, depth, origin_server_ts, event_id, type, sender, json)
     SELECT n, 1, n, 0, '$' || n, 'm.room.message', '@a:x', '{}' FROM generate_series(1, 5) n`,
  );
  await database.query('room', `INSERT INTO room VALUES (1, '!r:x', '12', false)`);
  return {
    url: fresh.url,
    query: database.query.bind(database),
    async positions(upTo = 4) {
      const range = { roomNid: 1, after: 2, upTo, limit: 5 };
      return (await newestOfTimeline(database, range)).map(({ position }) => position);
    },
    [Symbol.asyncDispose]: () => fresh[Symbol.asyncDispose](),
  };
}

/** What stood in 0040 before any release. */
const ONCE_0040 = migrationOf(
  '0040-event-position.sql',
  `ALTER TABLE event ADD COLUMN position bigint;
   UPDATE event SET position = event_nid WHERE NOT (outlier OR rejected OR soft_failed OR backfilled);
   CREATE INDEX event_position ON event (room_nid, position) WHERE position IS NOT NULL;
   CREATE FUNCTION position_is_number() RETURNS trigger LANGUAGE plpgsql AS
     'BEGIN NEW.position := NEW.event_nid; RETURN NEW; END';
   CREATE TRIGGER event_of_older_server BEFORE INSERT ON event FOR EACH ROW
     WHEN (NEW.position IS NULL
       AND NOT (NEW.outlier OR NEW.rejected OR NEW.soft_failed OR NEW.backfilled))
     EXECUTE FUNCTION position_is_number()`,
);

const place = ({ depth, nid }: { depth: number; nid: number }) => ({ depth, nid });

async function workbench(bodies: string[]) {
  const fresh: FreshDatabase = await freshDatabase();
  const under = await openRooms(fresh);
  const roomId: RoomId = await under.rooms.create(alice, {}, {});
  const events: EventId[] = [];
  for (const body of bodies) events.push(await under.say(roomId, alice, body));
  let statements = 0;
  const sql = (text: string) => fresh.database.query<object>(`statement_${statements++}`, text);
  return {
    fresh,
    roomId,
    events,
    sql,
    async pdu(eventId: EventId) {
      const [row] = await sql(`SELECT json FROM event WHERE event_id = '${eventId}'`);
      return JSON.parse((row as { json: string }).json);
    },
    async [Symbol.asyncDispose]() {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}
