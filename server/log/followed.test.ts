import { expect, test } from 'vitest';
import { Followed } from './followed.ts';

function watched({ bytesMax = 100 } = {}) {
  const followed = new Followed<string, string>({ bytesMax, bytesOf: (value) => value.length });
  const asked: (readonly string[])[] = [];
  return {
    followed,
    asked,
    of: async (...keys: string[]) => {
      const found = await followed.of(keys, async (missing) => {
        asked.push(missing);
        return new Map(missing.map((key) => [key, `${key}${asked.length}`]));
      });
      return keys.map((key) => found.get(key));
    },
  };
}

test('what was read is not asked for again until it changes', async () => {
  const { followed, asked, of } = watched();
  expect(await of('a', 'b')).toEqual(['a1', 'b1']);
  expect(await of('b', 'c')).toEqual(['b1', 'c2']);
  followed.changed('b');
  expect(await of('b', 'c')).toEqual(['b3', 'c2']);
  expect(asked).toEqual([['a', 'b'], ['c'], ['b']]);
});

test('what changes while it is read is not kept', async () => {
  const { followed, asked, of } = watched();
  const reading = Promise.withResolvers<ReadonlyMap<string, string>>();
  const found = followed.of(['a', 'b'], () => reading.promise);
  followed.changed('a');
  reading.resolve(new Map([...'ab'].map((key) => [key, `old ${key}`])));
  expect((await found).get('a')).toBe('old a');
  expect(await of('a', 'b')).toEqual(['a1', 'old b']);
  expect(asked).toEqual([['a']]);
});

test('what many ask for at once is read once, and anew for whoever asks behind a change', async () => {
  const { followed } = watched();
  const reads: { keys: readonly string[]; answer(): void }[] = [];
  const of = async (...keys: string[]) => {
    const found = await followed.of(keys, (missing) => {
      const { promise, resolve } = Promise.withResolvers<ReadonlyMap<string, string>>();
      const number = reads.length;
      const values = new Map(missing.map((key) => [key, `${key}${number}`]));
      reads.push({ keys: missing, answer: () => resolve(values) });
      return promise;
    });
    return keys.map((key) => found.get(key));
  };
  const asked = [of('a', 'b'), of('b', 'c'), of('a')];
  followed.changed('a');
  asked.push(of('a', 'b'), of('a'));
  expect(reads.map(({ keys }) => keys)).toEqual([['a', 'b'], ['c'], ['a']]);
  for (const { answer } of reads.toReversed()) answer();
  expect(await Promise.all(asked)).toEqual([
    ['a0', 'b0'],
    ['b0', 'c1'],
    ['a0'],
    ['a2', 'b0'],
    ['a2'],
  ]);
  expect(await of('a', 'b', 'c')).toEqual(['a2', 'b0', 'c1']);
});

test('a read that fails leaves nothing behind', async () => {
  const { followed, of } = watched();
  const failing = followed.of(['a'], () => Promise.reject(new Error('lost')));
  await expect(failing).rejects.toThrow('lost');
  expect(await of('a')).toEqual(['a1']);
});

test('only what was used last stays within the bound', async () => {
  const { asked, of } = watched({ bytesMax: 4 });
  for (const key of ['a', 'b', 'c', 'c', 'a']) await of(key);
  expect(asked).toEqual([['a'], ['b'], ['c'], ['a']]);
});

test('what is known to stand now is not read again', async () => {
  const { followed, asked, of } = watched();
  const reading = Promise.withResolvers<ReadonlyMap<string, string>>();
  const found = followed.of(['a'], () => reading.promise);
  followed.changed('a', 'new');
  reading.resolve(new Map([['a', 'old']]));
  await found;
  expect([await of('a'), asked]).toEqual([['new'], []]);
});
