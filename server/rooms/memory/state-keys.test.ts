import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { StateKeys } from './state-keys.ts';

const name = (stateKey: string | number) => ({ type: 'x', stateKey: `${stateKey}` });

test('what was looked for in vain is remembered in a bounded number', async () => {
  const keys = keysOn([]);
  for (let round = 0; round < 50; round++)
    await keys.learn(Array.from({ length: 1_000 }, (_, index) => name(`${round} ${index}`)));
  expect(keys.size).toBe(20_000);
});

test('what no event can be named is not looked for, nor remembered', async () => {
  const asked: unknown[] = [];
  const keys = keysOn([], asked);
  await keys.learn([name('x'.repeat(256)), name('\0'), { type: 'x'.repeat(256), stateKey: '' }]);
  expect([keys.size, asked]).toEqual([0, []]);
});

test('keys that no room holds go when there are many, and those that one holds stay', async () => {
  const keys = keysOn([]);
  keys.remember({ keyNid: 1, ...name('held') });
  keys.hold(1);
  for (let keyNid = 2; keyNid < 30_000; keyNid++) keys.remember({ keyNid, ...name(keyNid) });
  expect(keys.byNid(2)).toMatchObject(name(2));
  await turn();
  expect(keys.size).toBe(20_001);
  expect(keys.find('x', 'held')?.keyNid).toBe(1);
  keys.letGo(1);
  expect(keys.find('x', 'held')?.keyNid).toBe(1);
});

test('a key whose change is refused is nobody’s, and gets another number the next time', async () => {
  const keys = keysOn([]);
  await keys.learn([name('new')]);
  expect(keys.intern(name('new'), () => 7)).toMatchObject({ key: { keyNid: 7 } });
  keys.letGo(7);
  expect(keys.find('x', 'new')).toBeUndefined();
  await keys.learn([name('new')]);
  expect(keys.intern(name('new'), () => 8)).toMatchObject({
    key: { keyNid: 8 },
    isCommitted: false,
  });
});

test('of two changes that bring one key, the first to be refused leaves it to the other', async () => {
  const keys = keysOn([]);
  await keys.learn([name('new')]);
  for (let change = 0; change < 2; change++)
    expect(keys.intern(name('new'), () => 7).isCommitted).toBe(false);
  keys.letGo(7);
  keys.committed(7);
  keys.letGo(7);
  expect(keys.intern(name('new'), () => 8)).toMatchObject({
    key: { keyNid: 7 },
    isCommitted: true,
  });
});

test('keys that go while others are read are read again', async () => {
  const all = [1, 2].map((keyNid) => ({ keyNid, ...name(keyNid) }));
  const asked: (readonly number[])[] = [];
  const keys = new StateKeys({
    stateKeysByName: async () => [],
    async stateKeysByNid(keyNids) {
      asked.push(keyNids);
      for (let other = 3; asked.length === 1 && other < 30_000; other++)
        keys.remember({ keyNid: other, ...name(other) });
      await turn();
      return all.filter(({ keyNid }) => keyNids.includes(keyNid));
    },
  });
  keys.remember(all[0]!);
  await keys.learnNids([1, 2]);
  expect(asked).toEqual([[2], [1]]);
  expect([keys.byNid(1), keys.byNid(2)]).toMatchObject(all);
});

test('a key that is nowhere is not looked for without end', async () => {
  const keys = keysOn([{ keyNid: 1, ...name(1) }]);
  await keys.learnNids([1, 2]);
  expect(() => keys.byNid(2)).toThrow('state key 2 is not in memory');
});

const keysOn = (stored: { keyNid: number; type: string; stateKey: string }[], asked?: unknown[]) =>
  new StateKeys({
    stateKeysByName: async (names) => {
      asked?.push(...names);
      return stored;
    },
    stateKeysByNid: async (keyNids) => stored.filter(({ keyNid }) => keyNids.includes(keyNid)),
  });
