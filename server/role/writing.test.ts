import pino from 'pino';
import { expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/postgres.ts';
import { configSchema } from '../config/schema.ts';
import { Deadline } from '../log/deadline.ts';
import { makeMetrics } from '../metrics/metrics.ts';
import type { Ground } from './serving.ts';
import { startWriting } from './writing.ts';

test('a writer makes behind its gate what a migration has left to be made, and sooner what is read sooner', async () => {
  await using fresh = await freshDatabase();
  await twoRoomsFromBefore(fresh.database);
  const relations = () =>
    fresh.database.query<{ nid: number }>(
      'all',
      'SELECT event_nid AS nid FROM relation ORDER BY 1',
    );
  let atTheGate: unknown;
  const writing = await startWriting({
    takeover: {
      ...{ url: fresh.url, leaderRevision: '0', deadline: Deadline.none(), onEnd: () => {} },
    },
    secret: { existing: () => [Buffer.alloc(32)], forNewIdentity: () => Buffer.alloc(32) },
    ground: groundOn(fresh.database),
    async build({ relationsReady }) {
      await relationsReady([2]);
      atTheGate = await relations();
      return { handler: () => {}, greeting: '', answers() {}, close: async () => {} };
    },
  });
  expect(atTheGate).toEqual([{ nid: 4 }]);
  const waiting = () => fresh.database.query('waiting', 'SELECT 1 FROM relation_fill');
  while ((await waiting()).length > 0);
  expect(await relations()).toEqual([{ nid: 2 }, { nid: 4 }]);
  await writing.close();
});

async function twoRoomsFromBefore(database: Ground['database']) {
  const run = (name: string, sql: string) => database.query(name, sql);
  await run(
    'rooms',
    `INSERT INTO room SELECT n, '!' || n, '12', false FROM generate_series(1, 2) n`,
  );
  await run(
    'events',
    `INSERT INTO event (event_nid, room_nid, depth, origin_server_ts, event_id, sender, json, type)
     SELECT nid, (nid + 1) / 2, nid, 0, '$' || nid, '@a:x', '{"content":{"m.relates_to":{
       "rel_type":"m.thread","event_id":"$' || nid - 1 || '"}}}', 'm.room.message'
     FROM unnest('{2,4}'::int8[]) nid`,
  );
  await run('fill', 'INSERT INTO relation_fill VALUES (0, 2)');
}

const groundOn = (database: Ground['database']) => ({
  config: {
    ...configSchema.parse({ serverName: 'example.org' }),
    appServices: [],
    email: undefined,
    ldap: undefined,
    s3: undefined,
    signIn: { providers: [], clients: [] },
  },
  ...{
    database,
    lookUps: database,
    bulk: database,
    metrics: makeMetrics({ committed: () => undefined }),
  },
  logger: pino({ level: 'silent' }),
  ...{ publicUrl: 'https://example.org', behindFront: false },
});
