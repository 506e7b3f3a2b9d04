import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.ts';
import { startWriter } from '../../test/support/writer.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { Change, Write } from './change.ts';
import { LogClock } from './clock.ts';
import { Deadline } from './deadline.ts';
import {
  BuiltOnRefused,
  NotWriter,
  OutcomeUnknown,
  RefusedForData,
  TooManyRefused,
  TooManyWaiting,
} from './log.ts';
import { onBehalfOf } from './on-behalf.ts';
import { type TakeoverOptions, takeOver } from './takeover.ts';
import { Writer } from './writer.ts';
import { WriterConnection } from './writer-connection.ts';

test('changes that arrive together are committed in one transaction', async () => {
  await using bench = await workbench();
  await Promise.all(['a', 'b', 'c'].map((text) => bench.write(text)));
  const rows = await bench.fresh.database.query<{ writers: number }>(
    'test',
    'SELECT count(DISTINCT xmin::text)::int AS writers FROM note',
  );
  expect(rows).toEqual([{ writers: 1 }]);
});

test('nobody hears of a change before it is committed, and then in order of position', async () => {
  await using bench = await workbench();
  const heard: number[] = [];
  bench.writer.onCommitted((records) => heard.push(...records.map((each) => each.position)));
  const locked = await lockHead(bench.fresh.url);
  const writes = Promise.all(['a', 'b'].map((text) => bench.write(text)));
  await untilWaiting(bench.fresh);
  expect(heard).toEqual([]);
  await locked.release();
  await writes;
  expect(heard).toEqual([1, 2]);
  expect(bench.writer.committed).toEqual({ epoch: 1, position: 2 });
});

test('it is known how long a commit has not come back, and that none is awaited', async () => {
  await using bench = await workbench();
  expect(bench.writer.waitingMs).toBe(0);
  const locked = await lockHead(bench.fresh.url);
  const written = bench.write('a');
  await untilWaiting(bench.fresh);
  const waited = bench.writer.waitingMs;
  expect(waited).toBeGreaterThan(0);
  await expect.poll(() => bench.writer.waitingMs).toBeGreaterThan(waited);
  await locked.release();
  await written;
  expect(bench.writer.waitingMs).toBe(0);
});

test('a batch goes no further than 256 changes', async () => {
  await using bench = await workbench();
  await Promise.all(Array.from({ length: 300 }, (_, n) => bench.write(`${n}`)));
  expect(bench.batches).toEqual([256, 44]);
});

test('a batch goes no further than 1 MiB', async () => {
  await using bench = await workbench();
  const large = 'x'.repeat(400_000);
  await Promise.all(['1', '2', '3'].map((text) => bench.write(text + large)));
  expect(bench.batches).toEqual([2, 1]);
});

test('a change that is larger than a batch goes alone', async () => {
  await using bench = await workbench();
  const [large, small] = ['x'.repeat(1_100_000), 'y'];
  await Promise.all([bench.write(small), bench.write(large), bench.write(small)]);
  expect(bench.batches).toEqual([1, 1, 1]);
});

test('of the rows of one key in a batch the last one stays, also over put and remove', async () => {
  await using bench = await workbench();
  await Promise.all([
    bench.commit({ rows: [{ write: PUT_KEYED, values: ['k', 'old'] }] }),
    bench.commit({ rows: [{ write: REMOVE_KEYED, values: ['k'] }] }),
    bench.commit({ rows: [{ write: PUT_KEYED, values: ['k', 'new'] }] }),
    bench.commit({ rows: [{ write: PUT_KEYED, values: ['gone', 'soon'] }] }),
    bench.commit({ rows: [{ write: REMOVE_KEYED, values: ['gone'] }] }),
  ]);
  expect(bench.batches).toEqual([5]);
  expect(await bench.fresh.database.query('test', 'SELECT * FROM keyed')).toEqual([
    { key: 'k', value: 'new' },
  ]);
});

test('values of every column type arrive as they were, nulls and emoji too', async () => {
  await using bench = await workbench();
  const values = [2 ** 53 - 1, -7, 'ä🗼"\\{}', true, 0.5, Buffer.from([0, 255])];
  await bench.commit({ rows: [{ write: ALL_TYPES, values }] });
  await bench.commit({ rows: [{ write: ALL_TYPES, values: [-1, null, null, null, null, null] }] });
  const rows = await bench.fresh.database.query<object>('test', 'SELECT * FROM every ORDER BY a');
  expect(rows.map(Object.values)).toEqual([[-1, null, null, null, null, null], values]);
});

test('of a poisoned batch only the poison is refused', async () => {
  await using bench = await workbench();
  const results = await Promise.allSettled([
    bench.write('good 1'),
    bench.write('poison\u0000'),
    bench.write('good 2'),
  ]);
  expect(results.map((each) => each.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((results[1] as PromiseRejectedResult).reason).toBeInstanceOf(RefusedForData);
  expect(await bench.notes()).toEqual(['good 1', 'good 2']);
  expect(bench.ended).toEqual([]);
});

test('the others of a poisoned batch go on in one transaction, however many they are', async () => {
  await using bench = await workbench();
  const texts = Array.from({ length: 256 }, (_, n) => (n === 200 ? 'poison\u0000' : `good ${n}`));
  const results = await Promise.allSettled(texts.map((text) => bench.write(text)));
  const refused = results.flatMap(({ status }, n) => (status === 'rejected' ? [n] : []));
  expect(refused).toEqual([200]);
  expect(bench.batches).toEqual([255]);
});

test('a listener that fails ends the writer, and leaves nobody waiting', async () => {
  await using bench = await workbench();
  bench.writer.onRefused(() => {
    throw new Error('a bug');
  });
  const all = [
    bench.write('good'),
    bench.write('poison\u0000', ['a']),
    bench.write('on it', ['a']),
  ];
  const ends = await Promise.allSettled(all);
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(bench.ended.map(({ message }) => message)).toEqual(['a bug']);
});

test('two changes that are good alone and poison together: the second one is refused', async () => {
  await using bench = await workbench();
  const results = await Promise.allSettled(
    ['a', 'b', 'a', 'c'].map((key) => bench.commit({ rows: [{ write: PUT_ONCE, values: [key] }] })),
  );
  expect(results.map(({ status }) => status === 'fulfilled')).toEqual([true, true, false, true]);
});

test('a number that its column cannot hold is poison too', async () => {
  await using bench = await workbench();
  const values = [1, 2 ** 40, null, null, null, null];
  const wrong = bench.commit({ rows: [{ write: ALL_TYPES, values }] });
  await expect(wrong).rejects.toThrow(RefusedForData);
  await bench.write('after');
  expect(bench.ended).toEqual([]);
});

test('whoever sends poison again and again must wait, and nobody else', async () => {
  let nowMs = 0;
  await using bench = await workbench({ nowMs: () => nowMs });
  const eve = (text: string) => onBehalfOf('@eve:x', () => bench.write(text));
  for (let count = 0; count < 3; count++)
    await expect(eve('poison\u0000')).rejects.toThrow(RefusedForData);
  await expect(eve('good')).rejects.toThrow(new TooManyRefused(20_000));
  await onBehalfOf('@bob:x', () => bench.write('of bob'));
  nowMs = 19_999;
  await expect(eve('good')).rejects.toThrow(TooManyRefused);
  nowMs = 20_000;
  await eve('good again');
  await expect(eve('poison\u0000')).rejects.toThrow(RefusedForData);
  await expect(eve('good')).rejects.toThrow(TooManyRefused);
  nowMs = 1_000_000;
  await expect(eve('poison\u0000')).rejects.toThrow(RefusedForData);
  await eve('forgiven');
  expect(await bench.notes()).toEqual(['of bob', 'good again', 'forgiven']);
});

test('a flood of poison costs its sender the rest of it, and the others one transaction', async () => {
  await using bench = await workbench();
  const eve = Array.from({ length: 100 }, (_, n) =>
    onBehalfOf('@eve:x', () => bench.write(n === 50 ? 'good' : 'poison\u0000', [`room:${n}`])),
  );
  const on = expect(bench.write('built on the good', ['room:50'])).rejects.toThrow(BuiltOnRefused);
  const bob = onBehalfOf('@bob:x', () => bench.write('of bob'));
  const ends = (await Promise.allSettled(eve)) as PromiseRejectedResult[];
  await on;
  await bob;
  const names = ends.map(({ reason }) => reason.name);
  expect(names).toEqual([...Array(3).fill('RefusedForData'), ...Array(97).fill('TooManyRefused')]);
  expect(bench.batches).toEqual([1]);
});

test('what waits is bounded by number, by bytes, and by the share of one', async () => {
  const waitingMax = { changes: 8, bytes: 8_000, ofOne: 1 / 2 };
  await using bench = await workbench({ waitingMax });
  const by = (subject: string, text: string) => onBehalfOf(subject, () => bench.write(text));
  const locked = await lockHead(bench.fresh.url);
  const all = [1, 2, 3, 4].map((n) => by('@eve:x', `eve ${n}`));
  await expect(by('@eve:x', 'one too many')).rejects.toThrow(TooManyWaiting);
  all.push(by('@bob:x', 'x'.repeat(3_900)));
  await expect(by('@bob:x', 'too much')).rejects.toThrow(TooManyWaiting);
  all.push(by('@carol:x', 'c 1'), by('@carol:x', 'c 2'), by('@dan:x', 'd'));
  await expect(by('@frank:x', 'one too many for all')).rejects.toThrow(NotWriter);
  await expect(by('@eve:x', 'one too many for all')).rejects.toThrow(TooManyWaiting);
  await locked.release();
  await Promise.all(all);
  await by('@eve:x', 'there is space again');
  expect(await bench.notes()).toHaveLength(9);
});

test('an error that nobody knows may lie with any change of its batch: all count as unknown', async () => {
  await using bench = await workbench();
  await bench.fresh.database.query(
    'odd',
    `CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'odd' USING ERRCODE = 'XX000'; END $$`,
  );
  await bench.fresh.database.query(
    'odd2',
    'CREATE TRIGGER odd BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION odd()',
  );
  await expect(bench.write('any')).rejects.toThrow(OutcomeUnknown);
  expect(bench.ended).toHaveLength(1);
  await expect(bench.write('after')).rejects.toThrow(NotWriter);
});

test('a value of the wrong type is poison, and does not end the writer', async () => {
  await using bench = await workbench();
  const wrong = bench.commit({ rows: [{ write: NOTE, values: [7] }] });
  await expect(wrong).rejects.toThrow(RefusedForData);
  await bench.write('after');
  expect(await bench.notes()).toEqual(['after']);
});

test('a statement of ours that is wrong refuses its request, and does not end the writer', async () => {
  await using bench = await workbench();
  const broken: Write = { name: 'x', table: 'x', sql: 'INSERT INTO nowhere SELECT 1', types: [] };
  await expect(bench.commit({ rows: [{ write: broken, values: [] }] })).rejects.toThrow(
    RefusedForData,
  );
  await bench.write('after');
  expect(await bench.notes()).toEqual(['after']);
});

test('what was built on a refused change is refused with it, at any distance', async () => {
  await using bench = await workbench();
  const refused: string[][] = [];
  bench.writer.onRefused((touches) => refused.push([...touches].sort()));
  const results = await Promise.allSettled([
    bench.write('poison\u0000', ['room:a']),
    bench.write('on the poison', ['room:a', 'room:b']),
    bench.write('beside it', ['room:c']),
    bench.write('on what was on the poison', ['room:b']),
  ]);
  expect(results.map((each) => each.status === 'rejected' && each.reason.constructor)).toEqual([
    RefusedForData,
    BuiltOnRefused,
    false,
    BuiltOnRefused,
  ]);
  expect(refused).toEqual([['room:a', 'room:b']]);
  expect(await bench.notes()).toEqual(['beside it']);
});

test('no change stays whose memory goes with a later one of the refused', async () => {
  await using bench = await workbench();
  const refused: string[][] = [];
  bench.writer.onRefused((touches) => refused.push([...touches].sort()));
  const results = await Promise.allSettled([
    bench.write('before', ['room:b']),
    bench.write('before that', ['room:c']),
    bench.write('poison\u0000', ['room:a']),
    bench.write('on the poison', ['room:a', 'room:b']),
    bench.write('on what was on it', ['room:b', 'room:c']),
    bench.write('beside it', ['room:d']),
  ]);
  expect(refused).toEqual([['room:a', 'room:b', 'room:c']]);
  expect(results.map((each) => each.status === 'rejected' && each.reason.constructor)).toEqual([
    BuiltOnRefused,
    BuiltOnRefused,
    RefusedForData,
    BuiltOnRefused,
    BuiltOnRefused,
    false,
  ]);
});

test('what a poisoner has in the queue goes with all that shares its memory, also what came before', async () => {
  await using bench = await workbench();
  const eve = (text: string, touches: string[]) =>
    onBehalfOf('@eve:x', () => bench.write(text, touches));
  for (const room of ['room:1', 'room:2'])
    await expect(eve('poison\u0000', [room])).rejects.toThrow(RefusedForData);
  const results = await Promise.allSettled([
    bench.write('of bob', ['room:b']),
    eve('good', ['room:b']),
    eve('poison\u0000', ['room:3']),
  ]);
  expect(results.map((each) => each.status === 'rejected' && each.reason.constructor)).toEqual([
    BuiltOnRefused,
    TooManyRefused,
    RefusedForData,
  ]);
});

test('changes that wait behind the batch are refused too if they were built on its poison', async () => {
  await using bench = await workbench();
  const locked = await lockHead(bench.fresh.url);
  const poison = expect(bench.write('poison\u0000', ['room:a'])).rejects.toThrow(RefusedForData);
  await untilWaiting(bench.fresh);
  const behind = Promise.allSettled([bench.write('x', ['room:a']), bench.write('y', ['room:b'])]);
  await locked.release();
  await poison;
  expect((await behind).map((each) => each.status)).toEqual(['rejected', 'fulfilled']);
});

test('whatever is set for the database, the writer goes by its own settings', async () => {
  await using fresh = await freshDatabase();
  const settings = {
    statement_timeout: '1ms',
    lock_timeout: '1ms',
    idle_session_timeout: '1ms',
    idle_in_transaction_session_timeout: '1ms',
    transaction_timeout: '10s',
    client_min_messages: 'error',
    synchronous_commit: 'off',
    search_path: 'elsewhere',
    default_transaction_read_only: 'on',
    default_transaction_isolation: 'serializable',
    exit_on_error: 'on',
  };
  const name = fresh.url.slice(fresh.url.lastIndexOf('/') + 1);
  for (const [setting, value] of Object.entries(settings))
    await fresh.database.query(setting, `ALTER DATABASE ${name} SET ${setting} = '${value}'`);
  const connection = await WriterConnection.open(fresh.url, () => {});
  const shown = await connection.client.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY ($1)',
    [Object.keys(settings)],
  );
  await connection.end();
  expect(Object.fromEntries(shown.rows.map((row) => [row.name, row.setting]))).toEqual({
    statement_timeout: '0',
    lock_timeout: '0',
    idle_session_timeout: '0',
    idle_in_transaction_session_timeout: '0',
    transaction_timeout: '0',
    client_min_messages: 'notice',
    synchronous_commit: 'on',
    search_path: 'public',
    default_transaction_read_only: 'off',
    default_transaction_isolation: 'read committed',
    exit_on_error: 'off',
  });
  await using writer = await startWriter(fresh.url);
  await commitTo(writer, {});
});

test('a build that throws writes nothing, and the next change goes on', async () => {
  await using bench = await workbench();
  const thrown = bench.writer.commit((position) => {
    position();
    throw new Error('forbidden');
  });
  await expect(thrown).rejects.toThrow('forbidden');
  await bench.write('next');
  expect(bench.writer.committed.position).toBe(2);
});

test('past its deadline the writer begins no batch; renewed, it goes on', async () => {
  let now = 0;
  const deadline = new Deadline(10, () => now);
  await using bench = await workbench({ deadline });
  now = 10;
  expect(bench.writer.mayAnswer()).toBe(false);
  const written = bench.write('late');
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(await bench.notes()).toEqual([]);
  deadline.renew(20);
  await written;
  expect(await bench.notes()).toEqual(['late']);
});

test('a deadline that nobody renews turns away what waits, as not executed; what is built anew goes on', async () => {
  let now = 0;
  const deadline = new Deadline(10, () => now);
  await using bench = await workbench({ deadline, withheldMsMax: 1 });
  const dropped: string[] = [];
  bench.writer.onRefused((touches) => dropped.push(...touches));
  now = 10;
  const waiting = [bench.write('late', ['room:1']), bench.write('later', ['room:1', 'room:2'])];
  for (const each of waiting) await expect(each).rejects.toThrow(NotWriter);
  expect(dropped).toEqual(['room:1', 'room:2']);
  await expect(bench.write('again')).rejects.toThrow(NotWriter);
  expect(bench.ended).toEqual([]);
  deadline.renew(20);
  await bench.write('renewed');
  expect(await bench.notes()).toEqual(['renewed']);
});

test('a commit that returns after the deadline is told behind a renewed one, and behind another commit: a machine that stood still costs no writer', async () => {
  await using late = await committedLate();
  const { bench, deadline, told, heard } = late;
  expect([heard, told(), bench.writer.committed.position]).toEqual([[], null, 0]);
  const locked = await lockHead(bench.fresh.url);
  deadline.renew(20);
  await untilWaiting(bench.fresh);
  // Neither read nor passed on, since nobody knows who has confirmed it.
  expect([heard, told(), bench.writer.mayAnswer()]).toEqual([[], null, false]);
  await locked.release();
  await expect.poll(told).toBe('told');
  expect([heard, bench.writer.mayAnswer()]).toEqual([[1], true]);
  expect(bench.writer.committed.position).toBe(1);
  await bench.write('next');
  expect([await bench.notes(), bench.ended]).toEqual([['late', 'next'], []]);
});

test('nor is it told at once where the deadline passed and was renewed while it was under way', async () => {
  let now = 0;
  const deadline = new Deadline(10, () => now);
  await using bench = await workbench({ deadline });
  const begun: number[] = [];
  bench.writer.onBatch(({ changes }) => void begun.push(changes));
  const locked = await lockHead(bench.fresh.url);
  const written = bench.write('late');
  await untilWaiting(bench.fresh);
  now = 10;
  deadline.renew(20);
  await locked.release();
  await written;
  // Another commit, an empty one, came between.
  expect(begun).toEqual([1, 0]);
});

test('while such a commit is under way nobody is answered: others may see it in the database before it comes back', async () => {
  let now = 0;
  const deadline = new Deadline(10, () => now);
  await using bench = await workbench({ deadline });
  const locked = await lockHead(bench.fresh.url);
  const written = bench.write('late');
  await untilWaiting(bench.fresh);
  const answers = [bench.writer.mayAnswer()];
  now = 10;
  deadline.renew(20);
  answers.push(bench.writer.mayAnswer());
  await locked.release();
  await written;
  expect([...answers, bench.writer.mayAnswer()]).toEqual([true, false, true]);
});

test('where nobody renews it the writer ends, memory follows, and nobody says what became of that commit', async () => {
  await using late = await committedLate({ withheldMsMax: 1 });
  const { bench, deadline, told, heard } = late;
  await expect.poll(told).toBeInstanceOf(OutcomeUnknown);
  expect([await bench.notes(), heard]).toEqual([['late'], [1]]);
  expect(bench.ended).toHaveLength(1);
  deadline.renew(20);
  expect(bench.writer.mayAnswer()).toBe(false);
});

test('so it is where anybody may confirm on and on, and the agent goes on renewing', async () => {
  const deadline = new Deadline(10, () => 0);
  const ended: Error[] = [];
  const transaction = async () => ({ byAnybody: true });
  const writer = new Writer({
    connection: { transaction, rehearse: async () => {}, end: async () => {} },
    ...{ epoch: 1, position: 0, deadline, clock: new LogClock(0), withheldMsMax: 20 },
    onEnd: (reason) => void ended.push(reason),
  });
  const told = expect(commitTo(writer, {})).rejects.toBeInstanceOf(OutcomeUnknown);
  const renewing = setInterval(() => deadline.renew(10), 2);
  onTestFinished(() => clearInterval(renewing));
  await told;
  expect(ended).toHaveLength(1);
});

test('so it is where the writer is closed, or loses its connection, before that', async () => {
  for (const end of ['close', 'lost'] as const) {
    await using late = await committedLate();
    const { bench, told } = late;
    if (end === 'close') await bench.writer.close();
    else bench.writer.lost(new Error('gone'));
    await expect.poll(told).toBeInstanceOf(OutcomeUnknown);
    expect(bench.ended).toHaveLength(1);
  }
});

test('where memory cannot follow what was told late, those who wait for it are told so, and the writer ends', async () => {
  await using late = await committedLate();
  const { bench, deadline, told } = late;
  bench.writer.onCommitted(throwing);
  deadline.renew(20);
  await expect.poll(told).toBeInstanceOf(OutcomeUnknown);
  expect(bench.ended).toEqual([new Error('cannot follow')]);
  await expect(bench.write('next')).rejects.toBeInstanceOf(NotWriter);
});

test('and where it cannot at the end, that end is told with its reason', async () => {
  await using late = await committedLate();
  const { bench, told } = late;
  bench.writer.onCommitted(throwing);
  bench.writer.lost(new Error('gone'));
  await expect.poll(told).toBeInstanceOf(OutcomeUnknown);
  expect(bench.ended).toHaveLength(1);
  expect(bench.ended[0]).toMatchObject({ message: 'gone', cause: new Error('cannot follow') });
});

const throwing = () => {
  throw new Error('cannot follow');
};

/** One change, whose commit came back when the deadline had passed. */
async function committedLate(special: { withheldMsMax?: number } = {}) {
  let now = 0;
  const deadline = new Deadline(10, () => now);
  const bench = await workbench({ deadline, ...special });
  const heard: number[] = [];
  bench.writer.onCommitted((records) => heard.push(...records.map((each) => each.position)));
  const locked = await lockHead(bench.fresh.url);
  let outcome: 'told' | Error | null = null;
  bench.write('late').then(
    () => (outcome = 'told'),
    (error: Error) => (outcome = error),
  );
  await untilWaiting(bench.fresh);
  now = 10;
  await locked.release();
  await expect.poll(() => bench.notes()).toEqual(['late']);
  await expect.poll(() => bench.writer.waitingMs).toBe(0);
  const close = () => bench[Symbol.asyncDispose]();
  return { bench, deadline, heard, told: () => outcome, [Symbol.asyncDispose]: close };
}

test('positions that were reserved are not handed out again, also not by the next writer', async () => {
  await using bench = await workbench();
  const first = await bench.writer.reserve(1_000);
  await bench.write('behind');
  expect([first, bench.writer.committed.position]).toEqual([1, 1_001]);
  expect(await bench.writer.reserve(5)).toBe(1_002);
  await bench.writer.close();
  await using next = await startWriter(bench.fresh.url);
  expect(next.committed.position).toBe(1_006);
});

test('what was staged under reserved positions keeps them to itself, though its writer was killed over it', async () => {
  await using bench = await workbench();
  const { database, url } = bench.fresh;
  await database.query('staged', 'CREATE TABLE staged (position bigint PRIMARY KEY)');
  const count = 60_000;
  const first = await bench.writer.reserve(count);
  const stage = 'INSERT INTO staged SELECT $1::int8 + n FROM generate_series(0, $2::int8 - 1) n';
  await database.query('stage', stage, [first, count]);
  await using next = await startWriter(url);
  const INSERT: Write = {
    ...{ name: 'insert_staged', table: 'staged', types: ['int8'] },
    sql: 'INSERT INTO staged SELECT * FROM unnest($1::int8[])',
  };
  const position = await next.commit((take) => {
    const value = take();
    return {
      change: { rows: [{ write: INSERT, values: [value] }], records: [], touches: [] },
      value,
    };
  });
  expect(position).toBeGreaterThanOrEqual(first + count);
  await expect(bench.writer.reserve(1)).rejects.toBeInstanceOf(NotWriter);
});

test('a closing writer takes nothing more, and commits what it has', async () => {
  await using bench = await workbench();
  const before = bench.write('before');
  const closed = bench.writer.close();
  await expect(bench.write('after')).rejects.toThrow(NotWriter);
  await before;
  await closed;
  expect(await bench.notes()).toEqual(['before']);
});

const NOTE: Write = {
  name: 'test_note',
  table: 'note',
  sql: 'INSERT INTO note SELECT unnest($1::text[])',
  types: ['text'],
};
const PUT_ONCE: Write = {
  name: 'test_put_once',
  table: 'once',
  sql: 'INSERT INTO once SELECT unnest($1::text[])',
  types: ['text'],
};
const PUT_KEYED: Write = {
  name: 'test_put_keyed',
  table: 'keyed',
  sql: `INSERT INTO keyed SELECT * FROM unnest($1::text[], $2::text[])
        ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
  types: ['text', 'text'],
  key: ([key]) => String(key),
};
const REMOVE_KEYED: Write = {
  name: 'test_remove_keyed',
  table: 'keyed',
  sql: 'DELETE FROM keyed USING unnest($1::text[]) AS gone (key) WHERE keyed.key = gone.key',
  types: ['text'],
  key: ([key]) => String(key),
};
const ALL_TYPES: Write = {
  name: 'test_every',
  table: 'every',
  sql: `INSERT INTO every SELECT * FROM unnest(
          $1::int8[], $2::int4[], $3::text[], $4::bool[], $5::float8[], $6::bytea[])`,
  types: ['int8', 'int4', 'text', 'bool', 'float8', 'bytea'],
};

async function workbench(options: Partial<TakeoverOptions> = {}) {
  const fresh = await freshDatabase();
  await fresh.database.query('t1', 'CREATE TABLE note (text text NOT NULL)');
  await fresh.database.query('t0', 'CREATE TABLE once (key text PRIMARY KEY)');
  await fresh.database.query('t2', 'CREATE TABLE keyed (key text PRIMARY KEY, value text)');
  await fresh.database.query(
    't3',
    'CREATE TABLE every (a bigint, b int, c text, d bool, e float8, f bytea)',
  );
  const batches: number[] = [];
  const ended: Error[] = [];
  const writer = await takeOver({
    url: fresh.url,
    leaderRevision: '0',
    deadline: Deadline.none(),
    epochStep: () => 1,
    ...options,
    onEnd: (reason) => ended.push(reason),
    onBatch: ({ changes }) => batches.push(changes),
  });
  const commit = (change: Partial<Change>) => commitTo(writer, change);
  return {
    fresh,
    writer,
    batches,
    ended,
    commit,
    write: (text: string, touches: string[] = []) =>
      commit({ rows: [{ write: NOTE, values: [text] }], touches }),
    async notes() {
      const rows = await fresh.database.query<{ text: string }>('notes', 'SELECT text FROM note');
      return rows.map((row) => row.text);
    },
    async [Symbol.asyncDispose]() {
      await writer.close();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

const commitTo = (writer: Writer, change: Partial<Change>) =>
  writer.commit((position) => ({
    change: {
      rows: [],
      touches: [],
      records: [
        {
          position: position(),
          record: { kind: 'device-list', userId: '@alice:example.org' as UserId },
        },
      ],
      ...change,
    },
    value: undefined,
  }));

/** Another session with the row of the fence in hand, as a batch that waits for its standby has it. */
async function lockHead(url: string) {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  await client.query('BEGIN; SELECT 1 FROM log_head FOR UPDATE');
  return {
    async release() {
      await client.query('COMMIT');
      await client.end();
    },
  };
}

async function untilWaiting({ database }: FreshDatabase) {
  for (;;) {
    const rows = await database.query(
      'waiting',
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
         AND application_name = 'farol-writer' AND wait_event_type = 'Lock'`,
    );
    if (rows.length > 0) return;
  }
}
