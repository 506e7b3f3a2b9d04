import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Patience } from './patience.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

test('who does not answer in time is waited for no more', () => {
  const { signal } = new Patience(1_000);
  vi.advanceTimersByTime(999);
  expect(signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
});

test('while we keep somebody waiting no time goes by for them, and behind that they have it anew', async () => {
  const patience = new Patience(1_000);
  const work = Promise.withResolvers<string>();
  const done = patience.during(() => work.promise, 500);
  vi.advanceTimersByTime(60_000);
  work.resolve('done');
  expect(await done).toBe('done');
  vi.advanceTimersByTime(499);
  expect(patience.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(patience.signal.aborted).toBe(true);
});

test('who has answered has no time to keep', () => {
  const patience = new Patience(1_000);
  patience.end();
  vi.advanceTimersByTime(60_000);
  expect(patience.signal.aborted).toBe(false);
});
