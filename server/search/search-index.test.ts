import { expect, test, vi } from 'vitest';
import { startApi } from '../../test/support/api-server.ts';
import { writeLetter } from '../../test/support/outward-letters.ts';
import { freshDatabase } from '../../test/support/postgres.ts';
import { startWriter } from '../../test/support/writer.ts';
import type { RoomId, UserId } from '../protocol/identifiers.ts';
import { roomStore } from '../storage/rooms/room-store.ts';
import { textQuery } from '../storage/search/found-events.ts';
import { IndexSession } from '../storage/search/index-session.ts';
import { WINDOW_BITS } from '../storage/search/search-documents.ts';
import { newestFound } from './newest-found.ts';
import { SearchIndex } from './search-index.ts';

test('what the database refuses is left out, and what is said beside and behind it is found', async () => {
  await using bench = await workbench();
  await bench.fresh.database.query(
    'refusing',
    `ALTER TABLE search_document ADD CHECK (NOT words @@ 'veneno'::tsquery)`,
  );
  await Promise.all([bench.say('um bom'), bench.say('um veneno'), bench.say('um outro bom')]);
  await bench.say('um mais');
  expect(await bench.count('um')).toBe(3);
});

test('where its connection was lost the index goes on by another', async () => {
  await using bench = await workbench();
  await bench.say('um');
  expect(await bench.count('um')).toBe(1);
  await bench.fresh.database.query(
    'cut',
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'farol-migration'`,
  );
  await bench.say('um dois');
  expect(await bench.count('um')).toBe(2);
});

test('what this server has just committed is not read from the database again, but behind a redaction', async () => {
  await using bench = await workbench();
  await bench.say('um');
  expect(await bench.count('um')).toBe(1);
  const reads = vi.spyOn(IndexSession.prototype, 'read');
  await bench.say('um dois');
  const { event_id } = (await bench.say('um tres')).body;
  expect(await bench.count('um')).toBe(3);
  expect(reads).not.toHaveBeenCalled();
  await bench.redact(event_id);
  expect(await bench.count('um')).toBe(2);
  expect(reads).toHaveBeenCalled();
  reads.mockClear();
  await bench.say('um quatro');
  expect(await bench.count('um')).toBe(3);
  expect(reads).not.toHaveBeenCalled();
  reads.mockRestore();
});

test('what is redacted without a word of it in the log, as earlier history does, is in the index no more', async () => {
  await using bench = await workbench();
  const said = (await bench.say('um segredo')).body;
  const redaction = (await bench.say('um')).body;
  expect(await bench.count('um')).toBe(2);
  const nids = await bench.nidsOf([said.event_id, redaction.event_id]);
  const { rows } = roomStore(bench.fresh.database);
  await bench.writer.commit(() => ({
    change: {
      rows: [rows.redaction({ targetNid: nids[0]!, eventNid: nids[1]! })],
      ...{ records: [], touches: [] },
    },
    value: undefined,
  }));
  expect(await bench.documents()).toEqual([nids[1]]);
});

test('where somebody waits for the index it does not wait for more to be said', async () => {
  await using fresh = await freshDatabase();
  await using log = await startWriter(fresh.url);
  const gatherMs = 600_000;
  const index = new SearchIndex({
    ...{ log, gatherMs, database: fresh.database, databaseUrl: fresh.url, languages: ['simple'] },
    rooms: { justCommitted: () => undefined, shownChanges: () => 0 },
    onError: (error) => expect(error).toBeUndefined(),
  });
  await index.begin();
  const position = await writeLetter(log);
  expect(index.position).toBeLessThan(position);
  await index.reaches(position, gatherMs);
  expect(index.position).toBe(position);
  await index.close();
});

test('the newest that match are found, however far back, with none left out where the steps meet', async () => {
  await using fresh = await freshDatabase();
  const { database, url } = fresh;
  const session = new IndexSession(url, ['simple']);
  await session.settleLanguages('search');
  const window = 2 ** WINDOW_BITS;
  const edges = [0, 1, 2, 17, 18, 19, 20, 21, 22, 40].flatMap((at) =>
    [-1, 0, 1].map((beside) => at * window + beside).filter((nid) => nid > 0),
  );
  await database.query(
    'events',
    `INSERT INTO event (event_nid, room_nid, depth, origin_server_ts, event_id, type, sender, json)
     SELECT nid, 1, nid, 0, '$' || nid, 'm.room.message', '@a:x', '{}'
     FROM unnest($1::int8[]) AS all_of (nid)`,
    [edges],
  );
  await database.query('room', `INSERT INTO room VALUES (1, '!r:x', '11', false)`);
  const document = {
    roomNid: 1,
    sender: '@a:x' as UserId,
    key: 'content.body' as const,
    text: 'um',
  };
  await session.put(edges.map((nid) => ({ ...document, nid })));
  const query = (await textQuery(database, ['simple'], 'um'))!;
  const keys = ['content.body' as const];
  const find = { query, keys, roomIds: ['!r:x' as RoomId], senders: undefined };
  for (const upTo of edges)
    for (const limit of [1, 4, 100]) {
      const found = await newestFound(database, { ...find, upTo, limit });
      const expected = edges
        .filter((nid) => nid <= upTo)
        .toReversed()
        .slice(0, limit);
      expect([upTo, limit, found.map(({ nid }) => nid)]).toEqual([upTo, limit, expected]);
    }
  session.close();
});

async function workbench() {
  const server = await startApi({ search: ['simple'] });
  const token = await server.register('alice');
  const { body } = await server.ask('POST /createRoom', { token, body: {} });
  let txn = 0;
  const { database } = server.fresh;
  return {
    fresh: server.fresh,
    writer: server.writer,
    async nidsOf(eventIds: readonly string[]) {
      const rows = await database.query<{ id: string; nid: number }>(
        'nids',
        'SELECT event_id AS id, event_nid AS nid FROM event WHERE event_id = ANY ($1::text[])',
        [eventIds],
      );
      return eventIds.map((eventId) => rows.find(({ id }) => id === eventId)!.nid);
    },
    async documents() {
      const sql = 'SELECT event_nid AS nid FROM search_document ORDER BY 1';
      return (await database.query<{ nid: number }>('documents', sql)).map(({ nid }) => nid);
    },
    say: (text: string) =>
      server.ask(`PUT /rooms/${body.room_id}/send/m.room.message/${++txn}`, {
        token,
        body: { msgtype: 'm.text', body: text },
      }),
    redact: (eventId: string) =>
      server.ask(`PUT /rooms/${body.room_id}/redact/${eventId}/${++txn}`, { token, body: {} }),
    async count(search_term: string) {
      const { searchIndex } = server.features;
      const last = server.writer.committed.position;
      await searchIndex.reaches(last, 10_000);
      expect(searchIndex.position).toBeGreaterThanOrEqual(last);
      const asked = { search_categories: { room_events: { search_term } } };
      const found = await server.ask('POST /search', { token, body: asked });
      return found.body.search_categories.room_events.count;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
