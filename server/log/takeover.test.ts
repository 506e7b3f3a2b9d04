import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { freshDatabase } from '../../test/support/postgres.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { Deadline } from './deadline.ts';
import { NotWriter } from './log.ts';
import { takeOver } from './takeover.ts';
import type { Writer } from './writer.ts';

test('each start of a writer is an epoch of its own, which remembers where the last one ended', async () => {
  await using fresh = await freshDatabase();
  const first = await start(fresh.url);
  await write(first.writer);
  await first.writer.close();
  const second = await start(fresh.url);
  expect(second.writer.committed).toEqual({ epoch: 2, position: 1 });
  const epochs = await fresh.database.query(
    't',
    'SELECT epoch, begins_after FROM epoch ORDER BY 1',
  );
  expect(epochs).toEqual([
    { epoch: 1, begins_after: 0 },
    { epoch: 2, begins_after: 1 },
  ]);
  await second.writer.close();
});

test('the epoch is at least the revision of the leader key, and grows if etcd was rebuilt', async () => {
  await using fresh = await freshDatabase();
  const first = await start(fresh.url, '4007');
  expect(first.writer.epoch).toBe(4007);
  await first.writer.close();
  const afterRebuild = await start(fresh.url, '12');
  expect(afterRebuild.writer.epoch).toBe(4008);
  await afterRebuild.writer.close();
});

test('a new writer ends the old one, whose next change is certainly not executed', async () => {
  await using fresh = await freshDatabase();
  const old = await start(fresh.url);
  const young = await start(fresh.url);
  await expect.poll(() => old.ended.length).toBe(1);
  await expect(write(old.writer)).rejects.toThrow(NotWriter);
  await write(young.writer);
  await young.writer.close();
});

test('a writer whose epoch is gone is fenced by the row, though its session lives', async () => {
  await using fresh = await freshDatabase();
  const old = await start(fresh.url);
  await fresh.database.query('t', 'UPDATE log_head SET epoch = 99');
  await expect(write(old.writer)).rejects.toThrow(NotWriter);
  expect(old.ended).toHaveLength(1);
  expect(await fresh.database.query('t2', 'SELECT * FROM log')).toEqual([]);
});

test('a batch out of order is fenced too', async () => {
  await using fresh = await freshDatabase();
  const old = await start(fresh.url);
  await fresh.database.query('t', 'UPDATE log_head SET position = 5');
  await expect(write(old.writer)).rejects.toThrow(NotWriter);
  expect(await fresh.database.query('t2', 'SELECT * FROM log')).toEqual([]);
});

// Schedule 3 of FAULTS.md: a frozen client, its transaction open with the row in hand.
test('a takeover gets past an open transaction of a frozen writer', async () => {
  await using fresh = await freshDatabase();
  const frozen = await session(fresh.url, 'farol-writer');
  await frozen.query('BEGIN; UPDATE log_head SET position = 7');
  const young = await start(fresh.url);
  expect(young.writer.committed.position).toBe(0);
  await young.writer.close();
});

test('a takeover waits for the row, whoever has it, and may be called off', async () => {
  await using fresh = await freshDatabase();
  const other = await session(fresh.url, 'an operator');
  await other.query('BEGIN; SELECT 1 FROM log_head FOR UPDATE');
  const stop = new AbortController();
  const attempt = takeOver({
    url: fresh.url,
    leaderRevision: '0',
    deadline: Deadline.none(),
    onEnd: () => {},
    signal: stop.signal,
  });
  const called = expect(attempt).rejects.toThrow('called off');
  stop.abort(new Error('called off'));
  await called;
});

async function start(url: string, leaderRevision = '0') {
  const ended: Error[] = [];
  const writer = await takeOver({
    url,
    leaderRevision,
    deadline: Deadline.none(),
    onEnd: (reason) => ended.push(reason),
  });
  return { writer, ended };
}

const write = (writer: Writer) =>
  writer.commit((position) => ({
    change: {
      rows: [],
      touches: [],
      records: [
        { position: position(), record: { kind: 'device-list', userId: '@a:b' as UserId } },
      ],
    },
    value: undefined,
  }));

async function session(url: string, application: string) {
  const client = new pg.Client({ connectionString: url, application_name: application });
  client.on('error', () => {});
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}
