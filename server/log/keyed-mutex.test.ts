import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { KeyedMutex } from './keyed-mutex.ts';

test('work on one key runs one at a time, in order of arrival', async () => {
  const mutex = new KeyedMutex();
  const seen: string[] = [];
  const work = (name: string) => async () => {
    seen.push(`${name} begins`);
    await turn();
    seen.push(`${name} ends`);
  };
  await Promise.all([mutex.run('k', work('a')), mutex.run('k', work('b'))]);
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});

test('work on another key does not wait', async () => {
  const mutex = new KeyedMutex();
  const never = mutex.run('a', () => new Promise(() => {}));
  expect(await mutex.run('b', async () => 'done')).toBe('done');
  void never;
});

test('work that fails lets the next one in', async () => {
  const mutex = new KeyedMutex();
  const failed = mutex.run('k', async () => {
    throw new Error('broken');
  });
  const next = mutex.run('k', async () => 'done');
  await expect(failed).rejects.toThrow('broken');
  expect(await next).toBe('done');
});
