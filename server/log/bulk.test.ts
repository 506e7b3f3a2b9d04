import { expect, test } from 'vitest';
import type { ByteWriter, Database } from '../storage/database.ts';
import { BulkLane } from './bulk.ts';
import type { BatchTime } from './writer.ts';

const nowhere: Database & ByteWriter = { query: async () => [], put: async () => 0 };

function laneWith() {
  const listeners: ((batch: BatchTime) => void)[] = [];
  const paused: number[] = [];
  const clock = { ms: 0 };
  const lane = new BulkLane({
    database: nowhere,
    log: { onBatch: (listener) => void listeners.push(listener) },
    now: () => clock.ms,
    pause: async (ms) => void paused.push(ms),
  });
  const batchTook = (seconds: number) => {
    for (const listener of listeners) listener({ changes: 1, seconds });
  };
  return { lane, paused, clock, batchTook };
}

test('one piece is under way at a time, in the order in which they came', async () => {
  const { lane } = laneWith();
  const [seen, ends]: [string[], (() => void)[]] = [[], []];
  const piece = (name: string) =>
    lane.piece(1, async () => {
      seen.push(`${name} begins`);
      await new Promise<void>((resolve) => ends.push(resolve));
      seen.push(`${name} ends`);
    });
  const all = [piece('one'), piece('two')];
  while (ends.length < 1) await Promise.resolve();
  expect(seen).toEqual(['one begins']);
  ends[0]!();
  while (ends.length < 2) await Promise.resolve();
  ends[1]!();
  await Promise.all(all);
  expect(seen).toEqual(['one begins', 'one ends', 'two begins', 'two ends']);
});

test('a piece that fails keeps no other from its turn', async () => {
  const { lane } = laneWith();
  const failing = lane.piece(1, () => Promise.reject(new Error('no space')));
  const next = lane.piece(1, async () => 'done');
  await expect(failing).rejects.toThrow('no space');
  expect(await next).toBe('done');
});

test('behind a batch that came back late the lane waits as long before the next piece', async () => {
  const { lane, paused, clock, batchTook } = laneWith();
  const piece = () =>
    lane.piece(1_000, async () => {
      clock.ms += 2;
    });
  batchTook(0.001);
  await piece();
  expect(paused).toEqual([]);
  batchTook(0.2);
  await piece();
  expect(paused).toEqual([200]);
});
