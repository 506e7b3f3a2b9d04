import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Leisure, REST_MS_MAX } from './leisure.ts';

/** A loop of which so much of each millisecond is busy, and a clock that goes on only where somebody pauses. */
function world(busyShare: () => number) {
  let [now, active] = [0, 0];
  const leisure = new Leisure({
    loop: () => ({ active, idle: now - active }),
    now: () => now,
    pause: async (ms) => {
      await turn();
      active += ms * busyShare();
      now += ms;
    },
  });
  const begun: [name: string, atMs: number][] = [];
  const begin = async (name: string, costsMs = 0, hurry = new AbortController().signal) => {
    await leisure.turn(hurry);
    begun.push([name, now]);
    active += costsMs;
    now += costsMs;
  };
  return { begin, begun };
}

test('behind each the loop is idle for as long as it was busy, before the next begins, in the order in which they came', async () => {
  const { begin, begun } = world(() => 0);
  await Promise.all([begin('one', 8), begin('two', 3), begin('three', 0), begin('four')]);
  expect(begun).toEqual([
    ...[['one', 0] as const, ['two', 16] as const, ['three', 22] as const, ['four', 23] as const],
  ]);
});

test('what others do meanwhile counts as well', async () => {
  const { begin, begun } = world(() => 0.4);
  await Promise.all([begin('one', 2), begin('two')]);
  const [, atMs] = begun[1]!;
  expect(atMs).toBeGreaterThan(2 + 2 / 0.6);
  expect(atMs).toBeLessThan(REST_MS_MAX);
});

test('who is in a hurry begins at once, and leaves no gap where it would have begun', async () => {
  const { begin, begun } = world(() => 1);
  const hurry = new AbortController();
  const all = [begin('one'), begin('two', 0, hurry.signal), begin('three')];
  hurry.abort();
  await Promise.all(all);
  expect(begun).toEqual([
    ...[['one', 0] as const, ['two', 0] as const, ['three', REST_MS_MAX] as const],
  ]);
});

test('where the loop is never idle one begins every so often', async () => {
  const { begin, begun } = world(() => 1);
  await Promise.all([begin('one'), begin('two'), begin('three')]);
  expect(begun.map(([, atMs]) => atMs)).toEqual([0, REST_MS_MAX, 2 * REST_MS_MAX]);
});

test('who comes when nobody waits begins at once', async () => {
  const { begin, begun } = world(() => 0);
  await begin('one', 5);
  for (let each = 0; each < 20; each++) await turn();
  await begin('two');
  expect(begun[1]![1]).toBe(10);
});
