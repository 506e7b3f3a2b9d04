import { expect, test } from 'vitest';
import { Resolutions } from './resolutions.ts';
import type { Resolved } from './resolve-numbered.ts';

test('the same states are resolved once, in whichever order they meet', async () => {
  const at = counted();
  const [one, other] = [await at.of([1, 2]), await at.of([2, 1, 2])];
  expect(other).toBe(one);
  expect(at.count()).toBe(1);
  await at.of([1, 3]);
  expect(at.count()).toBe(2);
});

test('who comes while states are resolved waits for that', async () => {
  const at = counted();
  const [one, other] = await Promise.all([at.of([1, 2]), at.of([1, 2])]);
  expect(other).toBe(one);
  expect(at.count()).toBe(1);
});

test('what could not be resolved is tried again', async () => {
  const at = counted();
  at.fails = true;
  await expect(at.of([1, 2])).rejects.toThrow('no');
  at.fails = false;
  await at.of([1, 2]);
  expect(at.count()).toBe(2);
});

test('of many the entries of those used last are kept, as many as there may be', async () => {
  const at = counted(5);
  await at.of([1, 2]);
  await at.of([3, 4]);
  await at.of([1, 2]);
  expect(at.count()).toBe(2);
  await at.of([5, 6]);
  await at.of([1, 2]);
  expect(at.count()).toBe(3);
  await at.of([3, 4]);
  expect(at.count()).toBe(4);
});

/** Each state that comes of it has two entries. */
function counted(entriesMax?: number) {
  const resolutions = new Resolutions(entriesMax);
  let count = 0;
  const at = {
    fails: false,
    count: () => count,
    of: (nids: readonly number[]) =>
      resolutions.of(nids, async (): Promise<Resolved> => {
        count += 1;
        if (at.fails) throw new Error('no');
        return { agreed: new Map([[1, count]]), decided: [{ nid: 1, type: 't', stateKey: '' }] };
      }),
  };
  return at;
}
