import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { alice, bob } from '../../../test/support/rooms.ts';
import { LargeReads } from './large-reads.ts';

test('the ninth large answer of one user waits until one of eight has gone, and nobody else does', async () => {
  const reads = new LargeReads();
  const gone = Array.from({ length: 8 }, () => new AbortController());
  for (const each of gone) await reads.enter(alice, each.signal);
  let entered = false;
  const ninth = reads.enter(alice, new AbortController().signal).then(() => {
    entered = true;
  });
  await reads.enter(bob, new AbortController().signal);
  await turn();
  expect(entered).toBe(false);
  gone[3]!.abort();
  await ninth;
});

test('a place that was waited for is given on again', async () => {
  const reads = new LargeReads();
  const gone = Array.from({ length: 10 }, () => new AbortController());
  const entered: number[] = [];
  const all = gone.map(async ({ signal }, index) => {
    await reads.enter(alice, signal);
    entered.push(index);
  });
  await turn();
  gone[0]!.abort();
  await all[8];
  gone[8]!.abort();
  await all[9];
  expect(entered).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('whoever waits too long, or as one of too many, is told to come later', async () => {
  const reads = new LargeReads({ waitMsMax: 1 });
  const { signal } = new AbortController();
  for (let index = 0; index < 8; index++) await reads.enter(alice, signal);
  const limit = { status: 429, errcode: 'M_LIMIT_EXCEEDED' };
  await expect(reads.enter(alice, signal)).rejects.toMatchObject(limit);
  const patient = new LargeReads();
  for (let index = 0; index < 8; index++) await patient.enter(alice, signal);
  for (let index = 0; index < 32; index++) void patient.enter(alice, signal);
  await expect(patient.enter(alice, signal)).rejects.toMatchObject(limit);
});

test('a client that has gone before its turn gives it on', async () => {
  const reads = new LargeReads();
  const gone = Array.from({ length: 10 }, () => new AbortController());
  const all = gone.map(({ signal }) => reads.enter(alice, signal));
  gone[8]!.abort();
  gone[0]!.abort();
  await Promise.all([all[8], all[9]]);
});
