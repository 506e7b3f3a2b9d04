import { expect, onTestFinished, test, vi } from 'vitest';
import type { ServerName } from '../../protocol/identifiers.ts';
import { LISTENED_TO_MAX, UntilHeard } from './until-heard.ts';

const [there, other] = ['there.org', 'other.org'] as [ServerName, ServerName];
const HOUR_MS = 3_600_000;

test('a pause is as long as it is where nobody is heard', async () => {
  const { pause, after } = pausing();
  const slept = pause(HOUR_MS);
  expect(await after(HOUR_MS - 1, slept)).toBe('sleeps');
  expect(await after(1, slept)).toBeUndefined();
});

test('it ends when a server of the room is heard, a second behind its begin at the soonest', async () => {
  const { pauses, pause, after } = pausing();
  const first = pause(HOUR_MS);
  pauses.heard(there);
  expect(await after(999, first)).toBe('sleeps');
  expect(await after(1, first)).toBe(there);
  pauses.heard(there);
  const second = pause(HOUR_MS);
  expect(await after(600_000, second)).toBe('sleeps');
  pauses.heard(there);
  expect(await after(0, second)).toBe(there);
});

test('another server changes nothing, nor does one that is heard where the pause is over by then', async () => {
  const { pauses, pause, after } = pausing();
  const slept = pause(HOUR_MS);
  pauses.heard(other);
  expect(await after(600_000, slept)).toBe('sleeps');
  pauses.heard(there);
  expect(await after(0, slept)).toBe(there);
  const short = pause(2_000);
  pauses.heard(there);
  expect(await after(2_000, short)).toBeUndefined();
});

test('who speaks on and on and tells nothing is asked more and more seldom, and anew where it was silent', async () => {
  const { pauses, pause, after } = pausing();
  const pausesMs: number[] = [];
  for (let each = 0; each < 6; each++) {
    const begin = performance.now();
    const slept = pause(HOUR_MS);
    pauses.heard(there);
    while ((await after(500, slept)) === 'sleeps') pauses.heard(there);
    pausesMs.push(performance.now() - begin);
  }
  expect(pausesMs).toEqual([1_000, 5_000, 30_000, 60_000, 300_000, 1_800_000]);
  await after(HOUR_MS, pause(HOUR_MS));
  const anew = pause(HOUR_MS);
  pauses.heard(there);
  expect(await after(1_000, anew)).toBe(there);
});

test('it ends where another attempt is due, or is none where one was due before it', async () => {
  const { pauses, pause, after } = pausing();
  const slept = pause(HOUR_MS);
  pauses.again();
  expect(await after(0, slept)).toBeUndefined();
  pauses.again();
  expect(await after(0, pause(HOUR_MS))).toBeUndefined();
  expect(await after(600_000, pause(HOUR_MS))).toBe('sleeps');
});

test('of thousands of servers the first are listened to, so that no pause keeps all their names', async () => {
  const { pauses, pause, after } = pausing();
  const named = Array.from({ length: 5_000 }, (_, each) => `s${each}.org` as ServerName);
  const slept = pause(HOUR_MS, named);
  pauses.heard(named[LISTENED_TO_MAX]!);
  expect(await after(600_000, slept)).toBe('sleeps');
  pauses.heard(named[LISTENED_TO_MAX - 1]!);
  expect(await after(0, slept)).toBe(named[LISTENED_TO_MAX - 1]);
});

test('it ends with whoever ends it', async () => {
  const { pauses } = pausing();
  const end = new AbortController();
  const slept = pauses.sleep(HOUR_MS, [there], end.signal);
  end.abort();
  expect(await slept).toBeUndefined();
  expect(await pauses.sleep(HOUR_MS, [there], end.signal)).toBeUndefined();
  pauses.heard(there);
  expect(vi.getTimerCount()).toBe(0);
});

function pausing() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const pauses = new UntilHeard();
  const pause = (ms: number, servers: readonly ServerName[] = [there]) =>
    pauses.sleep(ms, servers, new AbortController().signal);
  const after = async (ms: number, slept: Promise<ServerName | undefined>) => {
    await vi.advanceTimersByTimeAsync(ms);
    return Promise.race([slept, Promise.resolve('sleeps')]);
  };
  return { pauses, pause, after };
}
