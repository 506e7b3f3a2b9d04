import { expect, test, vi } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.ts';
import { startWriter } from '../../test/support/writer.ts';
import type { SessionRequest } from '../protocol/interactive-auth.ts';
import { OutcomeStore, type Seal } from './outcome-store.ts';
import { type Once, type OnceKey, type OutcomeRow, WholeAnswer } from './outcomes.ts';

const key = (over: Partial<Extract<OnceKey, { kind: 'txn' }>> = {}): OnceKey => ({
  kind: 'txn',
  userId: '@alice:example.org',
  deviceId: 'PHONE',
  operation: 'sendMessage',
  path: '!room/m.room.message',
  txnId: 't1',
  ...over,
});

test('a repeat is answered from the outcome of the first run, also by the next writer', async () => {
  await using bench = await workbench();
  await bench.run(key(), { event_id: '$1' });
  const again = await bench.run(key(), { event_id: '$2' });
  const elsewhere = await bench.restart().run(key(), { event_id: '$3' });
  const outcome = { status: 200, body: { event_id: '$1' } };
  expect([again, elsewhere]).toEqual([
    { kind: 'repeat', outcome },
    { kind: 'repeat', outcome },
  ]);
  expect(bench.runs).toBe(1);
});

// Schedule 8 of docs/faults.md.
test('the same request from two fronts at once runs once', async () => {
  await using bench = await workbench();
  const requestId = { kind: 'request', requestId: 'front-a:1' } as const;
  const [first, second] = await Promise.all([
    bench.run(requestId, { event_id: '$1' }),
    bench.run(requestId, { event_id: '$2' }),
  ]);
  expect(first).toEqual({ kind: 'ran', answer: { event_id: '$1' } });
  expect(second).toEqual({ kind: 'repeat', outcome: { status: 200, body: { event_id: '$1' } } });
  expect(bench.runs).toBe(1);
});

test.each<[string, OnceKey]>([
  ['another user', key({ userId: '@bob:example.org' })],
  ['another device', key({ deviceId: 'LAPTOP' })],
  ['an application service', key({ service: 'irc' })],
  ['another endpoint', key({ operation: 'redactEvent' })],
  ['another path', key({ path: '!other/m.room.message' })],
  ['another transaction', key({ txnId: 't2' })],
])('the same names of %s are another request', async (_what, other) => {
  await using bench = await workbench();
  await bench.run(key(), {});
  expect(await bench.run(other, {})).toMatchObject({ kind: 'ran' });
});

test('a transaction of another server is that server’s own', async () => {
  await using bench = await workbench();
  const of = (origin: string, txnId = 't1'): OnceKey => ({ kind: 'transaction', origin, txnId });
  await bench.run(of('a.example'), { of: 'the first' });
  expect(await bench.run(of('a.example'), {})).toMatchObject({ kind: 'repeat' });
  expect(await bench.run(of('b.example'), {})).toMatchObject({ kind: 'ran' });
  expect(await bench.run(of('a.example', 't2'), {})).toMatchObject({ kind: 'ran' });
});

test('a session acts for one request: the same is told again, any other finds it spent, also at the next writer', async () => {
  await using bench = await workbench();
  const of = (request: string, sessionId = 's') => ({ sessionId, request });
  await bench.runInSession(of('mine'), { access_token: 'first' });
  for (const _writer of ['this', 'next']) {
    expect(await bench.runInSession(of('mine'), {})).toEqual({
      kind: 'repeat',
      outcome: { status: 200, body: { access_token: 'first' }, request: 'mine' },
    });
    expect(await bench.runInSession(of('others'), {})).toEqual({ kind: 'spent' });
    bench.restart();
  }
  expect(bench.runs).toBe(1);
  expect(await bench.runInSession(of('others', 'another session'), {})).toMatchObject({
    kind: 'ran',
  });
});

test('requests of one session go one by one: that one is refused spends nothing, and is its own affair', async () => {
  await using bench = await workbench();
  const of = (request: string) => ({ sessionId: 's', request });
  const refused = bench.store.runInSession(of('wrong'), async () => {
    throw new Error('refused');
  });
  const others = ['first', 'second'].map((name) => bench.runInSession(of(name), { name }));
  await expect(refused).rejects.toThrow('refused');
  expect(await Promise.all(others)).toEqual([
    { kind: 'ran', answer: { name: 'first' } },
    { kind: 'spent' },
  ]);
});

// What a server of before has left of a session says of no request that it is its own.
test('an outcome of a session that names no request is told to nobody', async () => {
  await using bench = await workbench();
  await bench.runInSession({ sessionId: 's', request: 'mine' }, { access_token: 'first' });
  await bench.fresh.database.query(
    'as before',
    `UPDATE outcome SET body = convert_to('{"access_token":"first"}', 'UTF8')`,
  );
  bench.restart();
  expect(await bench.runInSession({ sessionId: 's', request: 'mine' }, {})).toEqual({
    kind: 'spent',
  });
});

test('a run that fails leaves no outcome: its repeat runs', async () => {
  await using bench = await workbench();
  const failed = bench.store.run(key(), async (once) => {
    once.outcome(200, {});
    throw new Error('refused');
  });
  await expect(failed).rejects.toThrow('refused');
  expect(await bench.run(key(), { event_id: '$1' })).toMatchObject({ kind: 'ran' });
});

// Seen in a room: the first attempt was refused with what it was built on, the second found nothing to do.
test('an outcome that was made and not committed is not what a repeat gets', async () => {
  await using bench = await workbench();
  const answer = await bench.store.run(key(), async (once) => {
    once.outcome(200, { event_id: '$refused' });
    return { event_id: '$there before' };
  });
  expect(answer).toEqual({ kind: 'ran', answer: { event_id: '$there before' } });
  expect(await bench.run(key(), { event_id: '$2' })).toMatchObject({ kind: 'ran' });
});

test('a committed outcome is remembered also where its run failed behind the commit', async () => {
  await using bench = await workbench();
  const failed = bench.store.run(key(), async (once) => {
    await bench.writer.commit(() => ({
      change: { rows: [], records: [], touches: [], outcome: once.outcome(200, { n: 1 }) },
      value: undefined,
    }));
    throw new Error('the deadline has passed');
  });
  await expect(failed).rejects.toThrow();
  expect(bench.queries).toBe(1);
  expect(await bench.run(key(), { n: '2' })).toMatchObject({ outcome: { body: { n: 1 } } });
  expect(bench.queries).toBe(1);
});

test('outcomes are remembered by their size, the newest ones', async () => {
  await using bench = await workbench();
  const large = 'x'.repeat(1_048_576);
  for (let n = 0; n < 20; n++) await bench.run(key({ txnId: `${n}` }), { large });
  const before = bench.queries;
  await bench.run(key({ txnId: '19' }), {});
  expect(bench.queries - before).toBe(0);
  await bench.run(key({ txnId: '0' }), {});
  expect(bench.queries - before).toBe(1);
});

test.each<[string, OnceKey | SessionRequest, string]>([
  ['a transaction', key(), '1 day'],
  ['a transaction of a server', { kind: 'transaction', origin: 'b', txnId: 't' }, '1 day'],
  ['a request of the front', { kind: 'request', requestId: 'r' }, '10 minutes'],
  ['a session', { sessionId: 's', request: 'r' }, '30 minutes'],
])('the outcome of %s is kept for its time', async (_what, onceKey, time) => {
  await using bench = await workbench();
  const from = bench.writer.clock.nowMs();
  if ('sessionId' in onceKey) await bench.runInSession(onceKey, {});
  else await bench.run(onceKey, {});
  const kept = `SELECT expires_at - $1::text::interval BETWEEN to_timestamp($2::float8 / 1000)
    AND to_timestamp($3::float8 / 1000) AS right FROM outcome`;
  const range = [time, from, bench.writer.clock.nowMs()];
  expect(await bench.fresh.database.query('kept', kept, range)).toEqual([{ right: true }]);
});

test('who joins a run that fails, fails with it', async () => {
  await using bench = await workbench();
  const fail = async () => {
    throw new Error('refused');
  };
  const both = await Promise.allSettled([
    bench.store.run(key(), fail),
    bench.run(key(), { event_id: '$1' }),
  ]);
  expect(both.map((each) => each.status)).toEqual(['rejected', 'rejected']);
  expect(bench.runs).toBe(0);
});

test('what was no JSON is told as it was, with its headers, also by the next writer and where it is secret', async () => {
  await using bench = await workbench();
  const said = new WholeAnswer({ location: 'https://app.example.org/?code=hush' }, 'Go on there');
  await bench.run(key(), said, { secret: true });
  const rows = await bench.fresh.database.query<{ body: Buffer }>('t', 'SELECT body FROM outcome');
  expect(rows[0]!.body.toString()).not.toContain('hush');
  for (const again of [await bench.run(key(), {}), await bench.restart().run(key(), {})])
    expect(again).toEqual({ kind: 'repeat', outcome: { status: 200, body: said } });
});

test('a secret body is sealed in the database, and opened for a repeat', async () => {
  await using bench = await workbench();
  await bench.run(key(), { access_token: 'syt_secret' }, { secret: true });
  const rows = await bench.fresh.database.query<{ body: Buffer }>('t', 'SELECT body FROM outcome');
  expect(rows[0]!.body.toString()).not.toContain('syt_secret');
  const repeat = await bench.restart().run(key(), {});
  expect(repeat).toMatchObject({ outcome: { body: { access_token: 'syt_secret' } } });
});

test('look-ups that arrive together are one query', async () => {
  await using bench = await workbench();
  const keys = Array.from({ length: 50 }, (_, n) => key({ txnId: `${n}` }));
  await Promise.all(keys.map((each) => bench.store.run(each, async () => ({}))));
  expect(bench.queries).toBe(1);
});

test('once it is known what is there, only what may be is looked up: of this writer and the one before', async () => {
  await using bench = await workbench();
  const all = Array.from({ length: 9 }, (_, n) => key({ txnId: `before ${n}` }));
  for (const each of all) await bench.run(each, { event_id: `$${each}` });
  await bench.restart().store.begin();
  const before = bench.queries;
  await bench.run(key({ txnId: 'never' }), {});
  expect(bench.queries - before).toBe(0);
  for (const each of all) expect(await bench.run(each, {})).toMatchObject({ kind: 'repeat' });
  expect(bench.queries - before).toBe(all.length);
});

test('what was being written when it was last heard of is looked up: it may stand', async () => {
  await using bench = await workbench();
  await bench.store.begin();
  const lost = bench.store.run(key(), async (once) => {
    const outcome = once.outcome(200, { event_id: '$1' });
    await writeUnheard(bench.fresh, outcome!);
    throw new Error('the answer to the commit was lost');
  });
  await expect(lost).rejects.toThrow('the answer to the commit was lost');
  const outcome = { status: 200, body: { event_id: '$1' } };
  expect(await bench.run(key(), {})).toEqual({ kind: 'repeat', outcome });
});

test('while it is not known what is there everything is looked up, and what could not be read is read again', async () => {
  await using bench = await workbench();
  await bench.run(key(), {});
  await bench.fresh.database.query('away', 'ALTER TABLE outcome RENAME TO away');
  const begun = bench.restart().store.begin();
  await vi.waitFor(() => expect(bench.errors).toHaveLength(1), { timeout: 60_000 });
  await bench.fresh.database.query('back', 'ALTER TABLE away RENAME TO outcome');
  const before = bench.queries;
  expect(await bench.run(key(), {})).toMatchObject({ kind: 'repeat' });
  await bench.run(key({ txnId: 'never' }), {});
  expect(bench.queries - before).toBe(2);
  await begun;
  const known = bench.queries;
  await bench.run(key({ txnId: 'never yet' }), {});
  expect(bench.queries - known).toBe(0);
});

test('a row whose key has another length is not passed over', async () => {
  await using bench = await workbench();
  const short = `INSERT INTO outcome VALUES ($1, 200, '', false, now() + interval '1 day')`;
  for (const each of ['12345678', '87654321'])
    await bench.fresh.database.query('short', short, [Buffer.from(each)]);
  void bench.restart().store.begin();
  await vi.waitFor(() => expect(bench.errors).toHaveLength(1), { timeout: 60_000 });
  expect(String(bench.errors[0])).toContain('2 keys of outcomes have 16 bytes');
  bench.store.close();
});

/** As a writer whose connection is lost behind COMMIT. */
const writeUnheard = ({ database }: FreshDatabase, { key: hashed, status, body }: OutcomeRow) =>
  database.query(
    'unheard',
    `INSERT INTO outcome VALUES ($1, $2, $3, false, now() + interval '1 day')`,
    [hashed, status, body],
  );

const upsideDown: Seal = {
  seal: (plain) => Buffer.from(plain.map((byte) => byte ^ 255)),
  open: (sealed) => Buffer.from(sealed.map((byte) => byte ^ 255)),
};

async function workbench() {
  const fresh = await freshDatabase();
  const writer = await startWriter(fresh.url);
  const database: typeof fresh.database = {
    ...fresh.database,
    query(...parameters) {
      bench.queries += 1;
      return fresh.database.query(...parameters);
    },
  };
  const newStore = () =>
    new OutcomeStore({
      ...{ database, pages: database, seal: upsideDown, log: writer },
      onError: (error) => bench.errors.push(error),
      page: 4,
    });
  const bench = {
    fresh,
    runs: 0,
    queries: 0,
    errors: [] as unknown[],
    writer,
    store: newStore(),
    /** What a new writer has: nothing in memory. */
    restart() {
      bench.store = newStore();
      return bench;
    },
    run(
      onceKey: OnceKey,
      body: Record<string, string> | WholeAnswer,
      options?: { secret: boolean },
    ) {
      return bench.store.run(onceKey, (once) => write(once, body, options));
    },
    runInSession(of: SessionRequest, body: Record<string, string>) {
      return bench.store.runInSession(of, (once) => write(once, body));
    },
    async [Symbol.asyncDispose]() {
      await writer.close();
      await fresh[Symbol.asyncDispose]();
    },
  };
  const write = (
    once: Once,
    body: Record<string, string> | WholeAnswer,
    options?: { secret: boolean },
  ) => {
    bench.runs += 1;
    return writer.commit(() => ({
      change: { rows: [], records: [], touches: [], outcome: once.outcome(200, body, options) },
      value: body,
    }));
  };
  return bench;
}
