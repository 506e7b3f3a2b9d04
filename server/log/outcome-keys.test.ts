import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Database } from '../storage/database.ts';
import { OutcomeKeys } from './outcome-keys.ts';

const HOUR_MS = 3_600_000;
const FILTER_MAX = 100;
/** As many as there are places for. */
const FILTERS_MAX = 8;

test('keys are forgotten when none of their outcomes can be left, and no sooner', async () => {
  const keys = await knownKeys();
  keys.addAll(0, 250);
  keys.pass(47 * HOUR_MS);
  keys.addAll(250, 350);
  expect(keys.lacking(0, 350)).toEqual([]);
  keys.pass(2 * HOUR_MS);
  keys.addAll(350, 450);
  expect(keys.lacking(0, 200)).toHaveLength(200);
  expect(keys.lacking(200, 450)).toEqual([]);
});

test('where there is no room for more filters the newest takes what comes, and is not forgotten for what it held first', async () => {
  const keys = await knownKeys();
  const all = 3 * FILTERS_MAX * FILTER_MAX;
  keys.addAll(0, all);
  keys.pass(47 * HOUR_MS);
  keys.addAll(all, all + 10);
  keys.pass(2 * HOUR_MS);
  keys.addAll(all + 10, all + 20);
  expect(keys.lacking(FILTERS_MAX * FILTER_MAX, all + 20)).toEqual([]);
});

test('before all is read nothing is lacking', async () => {
  const keys = new OutcomeKeys({ pages: none, onError: console.error }, 24 * HOUR_MS);
  expect(keys.lacks(keyOf(1))).toBe(false);
  await keys.read();
  expect(keys.lacks(keyOf(1))).toBe(true);
});

const none = { query: async () => [{ count: 0, keys: null }] } as unknown as Database;

const keyOf = (n: number) => createHash('sha256').update(`${n}`).digest().subarray(0, 16);

async function knownKeys() {
  let nowMs = 0;
  const ports = { pages: none, onError: console.error, nowMs: () => nowMs };
  const keys = new OutcomeKeys({ ...ports, filterMax: FILTER_MAX }, 24 * HOUR_MS);
  await keys.read();
  const from = (first: number, end: number) =>
    Array.from({ length: end - first }, (_, n) => first + n);
  return {
    pass: (ms: number) => {
      nowMs += ms;
    },
    addAll: (first: number, end: number) => {
      for (const n of from(first, end)) keys.add(keyOf(n));
    },
    lacking: (first: number, end: number) => from(first, end).filter((n) => keys.lacks(keyOf(n))),
  };
}
