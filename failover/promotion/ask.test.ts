import { expect, test } from 'vitest';
import type { Told } from '../core/election/settled.ts';
import type { Standing } from '../core/election/votes.ts';
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
  const store = storeOf('a', acknowledge(NO_TIMELINES, 'b', { led: 3, key: 5 }));
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
  const store = storeOf('a', acknowledge(NO_TIMELINES, 'b', { led: 3, key: 5 }));
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

test('one that passes, but has received of a timeline that lacks what acknowledged, is refused: it would replay that first', async () => {
  const store = storeOf('a', acknowledge(NO_TIMELINES, 'b', { led: 1, key: 5 }));
  store.put(NAMES.timelines, acknowledge({ ...NO_TIMELINES, given: 2 }, 'b', { led: 1, key: 5 }));
  const copy = async () => ({ ...COPY, received: [1, 2] });
  expect(await ask(store, 'a', { copy })).toMatchObject({
    refused: expect.stringContaining('left timeline 1'),
  });
});

test('whom a switchover named lacks a vote where another site has more, and gets it where that has no more', async () => {
  const store = afterSwitchoverTo('c');
  const b = (lsn: number) => () => [{ site: 'b', timeline: 1, lsn }];
  expect(await ask(store, 'c', { standings: b(101) })).toEqual({
    kind: 'votes',
    refused: 'its copy may lack what other sites confirmed: b has more',
  });
  expect(await ask(store, 'c', { standings: b(100) })).toMatchObject({ refused: null });
});

test('who answers late is asked again, and who is silent gives no vote', async () => {
  const store = afterSwitchoverTo('c');
  expect(await ask(store, 'c')).toMatchObject({
    refused: expect.stringContaining('too few sites'),
  });
  const answers = [[], [{ site: 'b', timeline: 1, lsn: 90 }]];
  const standings = () => answers.shift() ?? [];
  expect(await ask(store, 'c', { standings, withinMs: 10_000 })).toMatchObject({
    refused: null,
  });
});

test('who was started anew has no vote while it goes on replaying, and has one when it stands still', async () => {
  const store = afterSwitchoverTo('c');
  let lsn = 10;
  const replaying = () => [{ site: 'b', timeline: 1, lsn: lsn++, mayHaveMore: true }];
  expect(await ask(store, 'c', { standings: replaying })).toMatchObject({
    refused: expect.stringContaining('too few sites'),
  });
  const still = () => [{ site: 'b', timeline: 1, lsn: 90, mayHaveMore: true }];
  expect(await ask(store, 'c', { standings: still, withinMs: 30_000 })).toMatchObject({
    refused: null,
  });
});

test('for whom an agent vouches, with the very writing of the key, nobody has to vote', async () => {
  const store = afterSwitchoverTo('c');
  store.transact({
    compare: [],
    change: [
      { put: NAMES.patroniLeader, value: 'c', lease: '1' },
      { put: NAMES.vouched, value: { site: 'c' } },
    ],
  });
  expect(await ask(store, 'c')).toMatchObject({ refused: null });
  // Patroni takes its key anew: what was vouched for is over.
  store.put(NAMES.patroniLeader, 'c', '2');
  expect(await ask(store, 'c')).toMatchObject({ refused: expect.any(String) });
});

test('whom an operator recovers with is promoted without the votes that are missing, unless one that was there has more', async () => {
  const store = afterSwitchoverTo('c');
  store.transact({
    compare: [],
    change: [
      { put: NAMES.patroniLeader, value: 'c', lease: '1' },
      { put: NAMES.vouched, value: { site: 'c', unless: ['b'] } },
    ],
  });
  const b = (lsn: number) => () => [{ site: 'b', timeline: 1, lsn }];
  expect(await ask(store, 'c', { standings: b(101) })).toMatchObject({ kind: 'votes' });
  expect(await ask(store, 'c')).toMatchObject({ kind: 'votes' });
  expect(await ask(store, 'c', { standings: b(100) })).toMatchObject({ refused: null });
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

const COPY: Copy = { chain: [1], next: 2, received: null, lsn: 100, replays: false };

/** a led, acknowledged with b or c, and has given its key back. */
function afterSwitchoverTo(site: string): Store {
  const store = storeOf(site, acknowledge(NO_TIMELINES, 'a', { led: 1, key: 5 }));
  store.put(NAMES.patroniSync, { leader: 'a', sync_standby: 'b,c', quorum: 1 });
  return store;
}

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
    standings = () => [],
    withinMs = 300,
    onlyTry = false,
  }: {
    copy?: () => Promise<Copy>;
    transact?: Store['transact'];
    standings?: () => (Standing & Partial<Told>)[];
    withinMs?: number;
    onlyTry?: boolean;
  } = {},
) {
  const etcd = {
    read: async (...keys: readonly string[]) => keys.map((key) => store.get(key)),
    transact: async (transaction: Parameters<typeof transact>[0]) => transact(transaction),
  };
  const told = () => standings().map((each) => ({ mayHaveMore: false, ...each }));
  const asking = { names: NAMES, site, etcd, copy, standings: async () => told() };
  return askToBePromoted({ ...asking, withinMs, onlyTry });
}
