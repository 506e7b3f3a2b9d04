import { expect, test } from 'vitest';
import { oneAtATime } from './one-at-a-time.ts';

test('a disk that does not answer is asked once, however often somebody wants to know, and all are told that nothing is known', async () => {
  const asked: PromiseWithResolvers<string>[] = [];
  const look = oneAtATime(() => {
    asked.push(Promise.withResolvers<string>());
    return asked.at(-1)!.promise;
  }, 1);
  expect(await Promise.all([look(), look(), look()])).toEqual([null, null, null]);
  expect(asked).toHaveLength(1);
  asked[0]!.resolve('there');
  await asked[0]!.promise;
});

test('one that answers is asked each time, and a failure is nothing known', async () => {
  const answers = [async () => 'there', () => Promise.reject(new Error('no'))];
  const look = oneAtATime(() => answers.shift()!(), 60_000);
  expect(await look()).toBe('there');
  expect(await look()).toBeNull();
});
