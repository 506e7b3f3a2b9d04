import { expect, test } from 'vitest';
import { NAMES, Store } from '../core/simulation/store.ts';
import { acknowledge, NO_TIMELINES } from '../core/timelines.ts';
import type { Timelines } from '../core/view.ts';
import { askToBePromoted } from './ask.ts';
import type { Copy } from './copy.ts';

test('a promotion is given a number under Patroni’s leader key, and the next one another', async () => {
  const store = storeOf('a');
  expect(await ask(store, 'a')).toEqual({ refused: null, next: 2, timeline: 2 });
  store.put(NAMES.patroniLeader, 'c', '2');
  expect(await ask(store, 'c')).toEqual({ refused: null, next: 2, timeline: 3 });
  expect(store.view().timelines?.promotions).toEqual([
    { site: 'a', timeline: 2, parent: 1 },
    { site: 'c', timeline: 3, parent: 1 },
  ]);
});

test('whose site Patroni’s leader key does not name is given none', async () => {
  const store = storeOf('b');
  expect(await ask(store, 'a')).toMatchObject({ refused: expect.stringContaining('leader key') });
  expect(store.view().timelines?.given).toBe(0);
});

test('a copy that lacks the timeline which acknowledged is refused, at once', async () => {
  const store = storeOf('a', acknowledge(NO_TIMELINES, 3, 5));
  let looked = 0;
  const copy = async () => {
    looked++;
    return { ...COPY, chain: [1, 2] };
  };
  expect(await ask(store, 'a', { copy })).toMatchObject({
    refused: expect.stringContaining('timeline 3'),
  });
  expect(looked).toBe(1);
});

test('one that still replays is asked again: it may get there', async () => {
  const store = storeOf('a', acknowledge(NO_TIMELINES, 3, 5));
  const copies = [
    { ...COPY, replays: true },
    { ...COPY, chain: [1, 3], next: 4 },
  ];
  const copy = async () => copies.shift()!;
  expect(await ask(store, 'a', { copy })).toEqual({ refused: null, next: 4, timeline: 4 });
});

test('who only tries is told what would be said, at a site without the key too, and no number is given', async () => {
  const store = storeOf('b');
  expect(await ask(store, 'a', { onlyTry: true })).toMatchObject({ refused: null });
  expect(store.view().timelines?.given).toBe(0);
});

test('a key that nobody can read promotes nobody', async () => {
  const store = storeOf('a');
  store.put(NAMES.timelines, '{"given":"many"}');
  expect(await ask(store, 'a')).toMatchObject({ refused: expect.stringContaining('read') });
});

test('where what was given has been forgotten, no number is given up to the one in which /history ends', async () => {
  const store = storeOf('c');
  store.put(NAMES.patroniHistory, [[1, 25, 'lost for good', '', 'a']]);
  expect(await ask(store, 'c')).toEqual({ refused: null, next: 2, timeline: 3 });
});

test('a number that was given though its answer got lost is taken, not another', async () => {
  const store = storeOf('a');
  let lost = 0;
  const transact: Store['transact'] = (transaction) => {
    const done = store.transact(transaction);
    if (lost++ === 0) throw new Error('no answer');
    return done;
  };
  expect(await ask(store, 'a', { transact })).toEqual({ refused: null, next: 2, timeline: 2 });
  expect(lost).toBe(1);
});

test('an etcd or a PostgreSQL that does not answer in time is a no, with its reason', async () => {
  const copy = async (): Promise<Copy> => {
    throw new Error('the database system is starting up');
  };
  expect(await ask(storeOf('a'), 'a', { copy })).toEqual({
    refused: 'the database system is starting up',
    kind: 'postgres',
  });
});

const COPY: Copy = { chain: [1], next: 2, replays: false };

function storeOf(leader: string, timelines?: Timelines): Store {
  const store = new Store();
  store.put(NAMES.patroniLeader, leader, '1');
  if (timelines) store.put(NAMES.timelines, timelines);
  return store;
}

function ask(
  store: Store,
  site: string,
  {
    copy = async () => COPY,
    transact = (transaction) => store.transact(transaction),
    onlyTry = false,
  }: { copy?: () => Promise<Copy>; transact?: Store['transact']; onlyTry?: boolean } = {},
) {
  const etcd = {
    read: async (key: string) => store.get(key),
    transact: async (transaction: Parameters<typeof transact>[0]) => transact(transaction),
  };
  return askToBePromoted({ names: NAMES, site, etcd, copy, withinMs: 300, onlyTry });
}
