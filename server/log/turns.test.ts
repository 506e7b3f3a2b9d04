import { expect, test } from 'vitest';
import { TurnsOf } from './turns.ts';

test('each has so much under way at once, in the order in which it came, and waits for nobody else', async () => {
  const turns = new TurnsOf<string>(2);
  const [begun, ends] = [[] as string[], new Map<string, () => void>()];
  const start = (key: string, name: string) =>
    turns.run(key, () => {
      begun.push(name);
      return new Promise<void>((resolve) => ends.set(name, resolve));
    });
  const all = ['a1', 'a2', 'a3', 'a4', 'b1'].map((name) => start(name[0]!, name));
  await expect.poll(() => begun).toEqual(['a1', 'a2', 'b1']);
  ends.get('a2')!();
  await expect.poll(() => begun.at(-1)).toBe('a3');
  for (const name of ['a1', 'a3', 'b1']) ends.get(name)!();
  await expect.poll(() => begun.at(-1)).toBe('a4');
  ends.get('a4')!();
  await Promise.all(all);
});

test('nothing is kept of those of whom nothing is under way, also where it failed', async () => {
  const turns = new TurnsOf<number>(1);
  const leave = await turns.enter(0);
  const waits = turns.enter(0);
  await expect(turns.run(1, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(turns.size).toBe(1);
  leave();
  const leaveLast = await waits;
  expect(turns.size).toBe(1);
  leaveLast();
  expect(turns.size).toBe(0);
});
