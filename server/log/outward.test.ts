import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import {
  allLetters,
  type Letter,
  letters,
  writeLetter,
} from '../../test/support/outward-letters.ts';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.ts';
import { startWriter } from '../../test/support/writer.ts';
import { outwardPosition } from '../storage/outward-cursors.ts';
import { Outward, type OutwardPorts } from './outward.ts';

const NEVER_MS = 2 ** 30;

test('a queue is sent in the order of the log, in pages, each item once', async () => {
  await using bench = await workbench();
  await bench.open({ pageMax: 3 });
  await Promise.all(Array.from({ length: 20 }, () => writeLetter(bench.writer)));
  await bench.untilSent(20);
  expect(bench.sent).toEqual(await allLetters(bench.fresh.database));
  expect(Math.max(...bench.pages)).toBe(3);
  expect(bench.repeats).toEqual([]);
});

test('a queue that is new begins now, and is there from then on though nothing was sent', async () => {
  await using bench = await workbench();
  await writeLetter(bench.writer);
  await bench.open({ saveEveryMs: NEVER_MS });
  await bench.closeWriter();
  await bench.restart();
  const second = await writeLetter(bench.writer);
  await bench.open();
  await bench.untilSent(1);
  expect(bench.sent).toEqual([second]);
});

test('what the log has forgotten meanwhile is sent all the same', async () => {
  await using bench = await workbench();
  await (await bench.open()).close();
  const written = [await writeLetter(bench.writer), await writeLetter(bench.writer)];
  await bench.closeWriter();
  await bench.fresh.database.query('forget', 'DELETE FROM log');
  await bench.restart();
  await bench.open();
  await bench.untilSent(2);
  expect(bench.sent).toEqual(written);
});

test('a page whose sending fails is sent again, and says so; the others do not', async () => {
  await using bench = await workbench();
  await bench.open({ pauseMs: () => 200 });
  bench.fails = 1;
  const first = await writeLetter(bench.writer);
  await expect.poll(() => bench.errors.length).toBe(1);
  const second = await writeLetter(bench.writer);
  await bench.untilSent(2);
  expect(bench.sent).toEqual([first, second]);
  expect(bench.repeats).toEqual([first]);
});

test('what was sent while the cursor was being saved is saved behind it', async () => {
  await using bench = await workbench();
  const held = Promise.withResolvers<void>();
  await bench.open({ pageMax: 1, saveEveryMs: 1 });
  bench.beforeSending = (position) => (position === 2 ? held.promise : undefined);
  const lock = new pg.Client({ connectionString: bench.fresh.url });
  await lock.connect();
  await lock.query('BEGIN; LOCK TABLE outward_cursor IN SHARE MODE');
  await Promise.all([writeLetter(bench.writer), writeLetter(bench.writer)]);
  await untilLocked(bench.fresh);
  held.resolve();
  await bench.untilSent(2);
  await lock.query('COMMIT');
  await lock.end();
  await expect.poll(() => bench.saved()).toBe(2);
});

test('where it stands is saved seldom, however much is sent, and at the end', async () => {
  await using bench = await workbench();
  const outward = await bench.open({ saveEveryMs: NEVER_MS });
  for (let count = 0; count < 20; count++) await writeLetter(bench.writer);
  await bench.untilSent(20);
  expect(await bench.saved()).toBe(0);
  await outward.close();
  expect(await bench.saved()).toBe(20);
});

test('where it stands is saved while it runs, and again when it has moved meanwhile', async () => {
  await using bench = await workbench();
  await bench.open({ saveEveryMs: 1 });
  for (const count of [1, 2, 3]) {
    await writeLetter(bench.writer);
    await expect.poll(() => bench.saved()).toBe(count);
  }
});

test('a queue that was closed sends nothing more, and does not wait out its pause', async () => {
  await using bench = await workbench();
  const outward = await bench.open({ pauseMs: () => NEVER_MS });
  bench.fails = 1;
  await writeLetter(bench.writer);
  await expect.poll(() => bench.errors.length).toBe(1);
  await outward.close();
  await writeLetter(bench.writer);
  expect(bench.sent).toEqual([]);
});

test('a page whose sending ends because the queue is closed begins no pause that would outlive it', async () => {
  await using bench = await workbench();
  const pauses: number[] = [];
  const underWay = Promise.withResolvers<void>();
  const outward = await bench.open({ pauseMs: (failures) => pauses.push(failures) });
  const told = Promise.withResolvers<void>();
  bench.beforeSending = () => {
    underWay.resolve();
    return told.promise;
  };
  await writeLetter(bench.writer);
  await underWay.promise;
  const closed = outward.close();
  told.reject(new Error('aborted'));
  await closed;
  expect([pauses, bench.errors]).toEqual([[], []]);
});

test('behind a kill and a takeover all is sent, and what repeats was said to', async () => {
  await using bench = await workbench({ withWriter: false });
  const before = await killedWriter(bench.fresh);
  await bench.restart();
  const head = bench.writer.committed.position;
  const saved = await bench.saved();
  await bench.open();
  await writeLetter(bench.writer);
  const all = await allLetters(bench.fresh.database);
  await expect.poll(() => bench.sent.at(-1)).toBe(all.at(-1));
  expect([...new Set([...before, ...bench.sent])].sort((a, b) => a - b)).toEqual(all);
  expect(bench.sent).toEqual(all.filter((position) => position > saved));
  expect(bench.repeats).toEqual(all.filter((position) => position > saved && position <= head));
});

async function workbench({ withWriter = true } = {}) {
  const fresh = await freshDatabase();
  const opened: Outward<Letter>[] = [];
  const bench = {
    ...{ fresh, fails: 0 },
    beforeSending: (_position: number): Promise<void> | undefined => undefined,
    writer: undefined as never as Awaited<ReturnType<typeof startWriter>>,
    sent: [] as number[],
    repeats: [] as number[],
    pages: [] as number[],
    errors: [] as unknown[],
    async restart() {
      bench.writer = await startWriter(fresh.url);
    },
    closeWriter: () => bench.writer.close(),
    async open(options: Partial<OutwardPorts> = {}) {
      const queue = letters(fresh.database, async (items, { mayRepeat }) => {
        if (bench.fails-- > 0) throw new Error('the peer is away');
        const positions = items.map(({ position }) => position);
        await bench.beforeSending(positions[0]!);
        bench.pages.push(positions.length);
        bench.sent.push(...positions);
        if (mayRepeat) bench.repeats.push(...positions);
      });
      const outward = await Outward.open(queue, {
        ...{ log: bench.writer, database: fresh.database, pauseMs: () => 1 },
        onError: (error) => bench.errors.push(error),
        ...options,
      });
      opened.push(outward);
      return outward;
    },
    untilSent: (count: number) => expect.poll(() => bench.sent.length).toBe(count),
    saved: async () => (await outwardPosition(fresh.database, 'letters')) ?? -1,
    async [Symbol.asyncDispose]() {
      for (const outward of opened) await outward.close();
      await bench.writer.close();
      await fresh[Symbol.asyncDispose]();
    },
  };
  if (withWriter) await bench.restart();
  return bench;
}

async function untilLocked({ database }: FreshDatabase) {
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
    AND application_name = 'farol-writer' AND wait_event_type = 'Lock'`;
  while ((await database.query('waiting', waiting)).length === 0);
}

/** Runs a writer until it has saved where it stands and sent more since, and kills it. */
async function killedWriter({ url, database }: FreshDatabase): Promise<number[]> {
  const program = join(import.meta.dirname, '../../test/support/outward-program.ts');
  const child = spawn(process.execPath, [program, url], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const sent = () => said.split('\n').slice(0, -1).map(Number);
  await expect
    .poll(
      async () => (sent().at(-1) ?? 0) > ((await outwardPosition(database, 'letters')) || Infinity),
    )
    .toBe(true);
  child.kill('SIGKILL');
  await once(child, 'close');
  return sent();
}
