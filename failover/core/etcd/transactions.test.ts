import { expect, test } from 'vitest';
import type { EffectOf } from '../effects.ts';
import { NAMES, Store } from '../simulation/store.ts';
import { acknowledge, give, NO_TIMELINES } from '../timelines.ts';
import { wellAtSite } from '../told/story-etcd.ts';
import { electorateOf, isVouchedFor } from './reading.ts';
import {
  claim,
  depose,
  giveLeaderKey,
  giveTimeline,
  giveUponPromises,
  leaseKey,
  nominate,
  noteTimeline,
  pulse,
  recover,
  release,
  relieve,
  writePromise,
} from './transactions.ts';

const report = wellAtSite('a');
const name = { revision: 0, put: null, over: null };

test('a pulse that would renew a lease of somebody else puts nothing', () => {
  const store = new Store();
  const revision = take(store, 'a', 0);
  const beat = (leader: number) =>
    store.transact(
      pulse(NAMES, 'a', { kind: 'pulse', sentAt: 0, holds: { leader }, name, report }),
    );
  expect(beat(revision)).toBe(true);
  take(store, 'b', revision);
  const before = store.view().sites.a?.revision;
  expect(beat(revision)).toBe(false);
  expect(store.view().sites.a?.revision).toBe(before);
});

test('nobody names itself once somebody leads, a wish stands, or /sync is another', () => {
  const asked = (change: (store: Store) => void): boolean => {
    const store = new Store();
    store.put(NAMES.patroniSync, { leader: 'b', sync_standby: 'a' });
    const sync = store.get(NAMES.patroniSync)!.revision;
    change(store);
    return store.transact(nominate(NAMES, 'a', { kind: 'nominate', failover: 0, sync }));
  };
  expect(asked(() => {})).toBe(true);
  expect(asked((store) => store.put(NAMES.patroniLeader, 'b'))).toBe(false);
  expect(asked((store) => store.put(NAMES.patroniFailover, { member: 'c' }))).toBe(false);
  expect(asked((store) => store.put(NAMES.patroniSync, { leader: 'c' }))).toBe(false);
});

test.each<[string, (store: Store) => void]>([
  ['somebody leads', (store) => store.put(NAMES.patroniLeader, 'c', '9')],
  ['/sync is another', (store) => store.put(NAMES.patroniSync, { leader: 'b' })],
  ['somebody is named', (store) => store.put(NAMES.patroniFailover, { member: 'c' })],
  ['Patroni is paused', (store) => store.put(NAMES.patroniConfig, { pause: true })],
  ['another timeline acknowledged', (store) => store.put(NAMES.timelines, NO_TIMELINES)],
  ['who was silent has given a sign of life', (store) => store.put(`${NAMES.sites}a`, report)],
  ['Patroni of who is silent is there', (store) => store.put(NAMES.patroniMember('a'), {}, '9')],
  ['the chosen Patroni began anew', (store) => store.put(NAMES.patroniMember('b'), {}, '8')],
  ['the record is there', (store) => store.put(`${NAMES.recoveries}now`, {})],
])('nothing is recovered once %s', (_, change) => {
  const store = new Store();
  store.put(NAMES.patroniSync, { leader: 'a' });
  store.put(`${NAMES.sites}a`, report);
  store.put(NAMES.patroniMember('b'), {}, '7');
  const order = recoveryIn(store);
  change(store);
  const before = store.revision;
  expect(store.transact(recover(NAMES, order, '7'))).toBe(false);
  expect(store.revision).toBe(before);
});

test('who recovers gives the key with the lease of the chosen Patroni, vouches for it in the same act, and leaves a record', () => {
  const store = new Store();
  store.put(NAMES.patroniSync, { leader: 'a' });
  store.put(NAMES.patroniMember('b'), {}, '7');
  const order = { ...recoveryIn(store), timelines: { ...NO_TIMELINES, given: 5 } };
  expect(store.transact(recover(NAMES, order, '7'))).toBe(true);
  const leader = store.get(NAMES.patroniLeader);
  expect([leader?.text, leader?.lease]).toEqual(['b', '7']);
  const asked = electorateOf(store.get(NAMES.vouched), leader, store.get(NAMES.patroniSync));
  expect(asked).toEqual({ leader: 'c', standbys: ['b'], quorum: 1 });
  expect(store.view().timelines?.given).toBe(5);
  expect(store.get(NAMES.patroniFailover)?.json).toEqual({});
  expect(store.get(`${NAMES.recoveries}now`)?.json).toEqual(order.record);
});

function recoveryIn(store: Store): EffectOf<'recover'> {
  const { sites, patroni } = store.view();
  const silent: Record<string, number> = sites.a === undefined ? {} : { a: sites.a.revision };
  const seen = { sync: patroni.sync!.revision, failover: 0, config: 0, timelines: 0, silent };
  const atStake = { kind: 'none', bytes: 0, unheardMs: 0, why: '', given: [] } as const;
  const record = {
    ...{ at: 'now', by: 'one', asked: 'b', to: 'b', confirmed: null, atStake, leaderlessMs: 0 },
    ...{ copies: [], missing: [], sync: null, acknowledging: null },
  };
  return { kind: 'recover', to: 'b', unless: ['c'], seen, timelines: null, record };
}

test('a lease is given back by who still has it, and by nobody else', () => {
  const store = new Store();
  const first = take(store, 'a', 0);
  const second = take(store, 'b', first);
  const giveBack = (revision: number) =>
    store.transact(release(NAMES, { kind: 'release', lease: 'leader', revision }));
  expect(giveBack(first)).toBe(false);
  expect(store.view().leader).toEqual({ site: 'b', revision: second });
  expect(giveBack(second)).toBe(true);
  expect(store.view().leader.site).toBeNull();
});

test.each(['leader', 'failover', 'sync', 'config', 'member'] as const)(
  "Patroni's leader key is not handed over if its %s was written in the meantime",
  (what) => {
    const store = new Store();
    store.grant('1', 0);
    store.put(NAMES.patroniLeader, 'a', '1');
    store.put(NAMES.patroniMember('b'), {}, '2');
    for (const key of [NAMES.patroniFailover, NAMES.patroniSync, NAMES.patroniConfig])
      store.put(key, {});
    const seen = (key: string) => store.get(key)?.revision ?? 0;
    const effect = {
      kind: 'hand-over',
      to: 'b',
      lease: '1',
      leader: seen(NAMES.patroniLeader),
      failover: seen(NAMES.patroniFailover),
      sync: seen(NAMES.patroniSync),
      config: seen(NAMES.patroniConfig),
    } as const;
    if (what === 'leader') store.put(NAMES.patroniLeader, 'a', '1');
    if (what === 'failover') store.put(NAMES.patroniFailover, {});
    if (what === 'sync') store.put(NAMES.patroniSync, {});
    if (what === 'config') store.put(NAMES.patroniConfig, {});
    if (what === 'member') store.put(NAMES.patroniMember('b'), {}, '4');
    expect(store.transact(giveLeaderKey(NAMES, effect, '2'))).toBe(false);
  },
);

test('whom the leader key is handed over to is vouched for, until Patroni writes the key anew', () => {
  const store = new Store();
  store.put(NAMES.patroniLeader, 'a', '1');
  store.put(NAMES.patroniMember('b'), {}, '2');
  const leader = store.get(NAMES.patroniLeader)!.revision;
  const nothing = { failover: 0, sync: 0, config: 0 };
  const effect = { kind: 'hand-over', to: 'b', lease: '1', leader, ...nothing } as const;
  expect(store.transact(giveLeaderKey(NAMES, effect, '2'))).toBe(true);
  const vouched = () => isVouchedFor(store.get(NAMES.vouched), store.get(NAMES.patroniLeader));
  expect(vouched()).toBe(true);
  store.put(NAMES.patroniLeader, 'b', '3');
  expect(vouched()).toBe(false);
});

test.each(['leader', 'timelines', 'config', 'member'] as const)(
  'nobody is deposed if the %s is another by now; who takes the key is vouched for with the same writing',
  (what) => {
    const store = new Store();
    store.put(NAMES.patroniLeader, 'a', '1');
    store.put(NAMES.patroniMember('b'), {}, '2');
    for (const key of [NAMES.timelines, NAMES.patroniConfig]) store.put(key, {});
    const seen = (key: string) => store.get(key)?.revision ?? 0;
    const effect = {
      kind: 'depose',
      from: 'a',
      leader: seen(NAMES.patroniLeader),
      timelines: seen(NAMES.timelines),
      config: seen(NAMES.patroniConfig),
    } as const;
    const vouched = () => isVouchedFor(store.get(NAMES.vouched), store.get(NAMES.patroniLeader));
    const other = { ...effect, leader: effect.leader + 1 };
    expect([store.transact(depose(NAMES, 'b', other, '2')), vouched()]).toEqual([false, false]);
    expect([store.transact(depose(NAMES, 'b', effect, '2')), vouched()]).toEqual([true, true]);
    expect(store.get(NAMES.patroniLeader)).toMatchObject({ text: 'b', lease: '2' });
    if (what === 'leader') store.put(NAMES.patroniLeader, 'b', '2');
    if (what === 'timelines') store.put(NAMES.timelines, {});
    if (what === 'config') store.put(NAMES.patroniConfig, {});
    if (what === 'member') store.put(NAMES.patroniMember('b'), {}, '4');
    const again = { ...effect, leader: seen(NAMES.patroniLeader) };
    const old = what === 'leader' ? { ...again, leader: again.leader - 1 } : again;
    expect(store.transact(depose(NAMES, 'b', old, '2'))).toBe(false);
    if (what === 'leader') expect(vouched()).toBe(false);
  },
);

test.each(['leader', 'term', 'pulse', 'config', 'member'] as const)(
  'nobody is relieved if the %s is another by now; nor is who takes the key vouched for',
  (what) => {
    const store = new Store();
    store.put(NAMES.patroniLeader, 'a', '1');
    store.put(NAMES.patroniMember('b'), {}, '2');
    const keys = { term: leaseKey(NAMES, 'leader'), pulse: `${NAMES.sites}c` };
    for (const key of [...Object.values(keys), NAMES.patroniConfig]) store.put(key, {});
    const seen = (key: string) => store.get(key)?.revision ?? 0;
    const effect = {
      kind: 'relieve',
      from: 'a',
      leader: seen(NAMES.patroniLeader),
      term: seen(keys.term),
      over: { site: 'c', pulse: seen(keys.pulse) },
      config: seen(NAMES.patroniConfig),
    } as const;
    if (what === 'leader') store.put(NAMES.patroniLeader, 'a', '1');
    if (what === 'term' || what === 'pulse') store.put(keys[what], {});
    if (what === 'config') store.put(NAMES.patroniConfig, {});
    if (what === 'member') store.put(NAMES.patroniMember('b'), {}, '4');
    expect(store.transact(relieve(NAMES, 'b', effect, '2'))).toBe(false);
    const now = {
      ...effect,
      leader: seen(NAMES.patroniLeader),
      term: seen(keys.term),
      over: { site: 'c', pulse: seen(keys.pulse) },
      config: seen(NAMES.patroniConfig),
    };
    const lease = what === 'member' ? '4' : '2';
    expect(store.transact(relieve(NAMES, 'b', now, lease))).toBe(true);
    expect(store.get(NAMES.patroniLeader)).toMatchObject({ text: 'b', lease });
    expect(isVouchedFor(store.get(NAMES.vouched), store.get(NAMES.patroniLeader))).toBe(false);
  },
);

const BLOCK = { holder: 'a', key: 0, lease: '1' };

test('a promise is void once it was taken back, also one that was still under way', () => {
  const store = new Store();
  const promise = { block: BLOCK, timeline: 1, lsn: 7 };
  expect(store.transact(writePromise(NAMES, 'b', 0, null))).toBe(true);
  expect(store.transact(writePromise(NAMES, 'b', 0, promise))).toBe(false);
  const { revision } = store.view().promises!.b!;
  expect(store.transact(writePromise(NAMES, 'b', revision, promise))).toBe(true);
  expect(store.view().promises).toEqual({ b: { ...promise, revision: store.revision } });
});

/** All that a give rests on, by its key. */
const RESTS_ON = {
  leader: NAMES.patroniLeader,
  sync: NAMES.patroniSync,
  failover: NAMES.patroniFailover,
  config: NAMES.patroniConfig,
  'promise of b': `${NAMES.promises}b`,
  'promise of c': `${NAMES.promises}c`,
  term: leaseKey(NAMES, 'leader'),
  pulse: `${NAMES.sites}a`,
  name: `${NAMES.machines}b`,
};
const SYNC = { leader: 'a', sync_standby: 'b,c', quorum: 1 };

function promisedIn(store: Store): EffectOf<'give'> {
  for (const key of Object.values(RESTS_ON)) store.put(key, {});
  store.put(NAMES.patroniSync, SYNC);
  store.put(NAMES.patroniLeader, 'a', '1');
  store.put(NAMES.patroniMember('b'), {}, '2');
  const at = (what: keyof typeof RESTS_ON) => store.get(RESTS_ON[what])?.revision ?? 0;
  const seen = { sync: at('sync'), failover: at('failover'), config: at('config') };
  return {
    ...{ kind: 'give', sentAt: 0, block: { ...BLOCK, key: at('leader') }, ...seen },
    ...{ promises: { b: at('promise of b'), c: at('promise of c') }, timeline: 1 },
    ...{ term: at('term'), pulse: at('pulse'), name: at('name'), report: wellAtSite('b') },
  };
}

test.each([...Object.keys(RESTS_ON), 'member'])(
  'nobody is given the keys upon promises if the %s was written in the meantime, be it as it was',
  (what) => {
    const store = new Store();
    const effect = promisedIn(store);
    const key = RESTS_ON[what as keyof typeof RESTS_ON] ?? NAMES.patroniMember('b');
    const { json, text, lease } = store.get(key)!;
    store.put(key, json ?? text, what === 'member' ? '3' : (lease ?? undefined));
    const before = store.revision;
    expect(store.transact(giveUponPromises(NAMES, 'b', effect, { lease: '2', sync: SYNC }))).toBe(
      false,
    );
    expect(store.revision).toBe(before);
  },
);

test('who is given the keys upon promises has both with one writing, is vouched for by nobody, and leaves /sync as it was, but newer', () => {
  const store = new Store();
  const effect = promisedIn(store);
  expect(store.transact(giveUponPromises(NAMES, 'b', effect, { lease: '2', sync: SYNC }))).toBe(
    true,
  );
  const { revision } = store;
  expect(store.get(NAMES.patroniLeader)).toMatchObject({ text: 'b', lease: '2', revision });
  expect(store.view().leader).toEqual({ site: 'b', revision });
  expect(store.get(NAMES.patroniSync)).toMatchObject({ json: SYNC, revision });
  expect(store.view().sites.b?.revision).toBe(revision);
  const given = { key: effect.block.key, to: 'b', timeline: 1, revision };
  expect(store.view().given).toEqual(given);
  expect(isVouchedFor(store.get(NAMES.vouched), store.get(NAMES.patroniLeader))).toBe(false);
});

test('a promotion is given no number if the leader key is another’s, or what is known has changed', () => {
  const store = new Store();
  store.put(NAMES.patroniLeader, 'a', '1');
  const after = give(NO_TIMELINES, 'a', 1, 2);
  expect(store.transact(giveTimeline(NAMES, 'b', 0, after))).toBe(false);
  expect(store.transact(giveTimeline(NAMES, 'a', 0, after))).toBe(true);
  expect(store.transact(giveTimeline(NAMES, 'a', 0, after))).toBe(false);
});

test.each(['term', 'key', 'timelines'] as const)(
  'that a timeline may acknowledge is not written down if the %s is another by now',
  (what) => {
    const store = new Store();
    const term = take(store, 'a', 0);
    store.put(NAMES.patroniLeader, 'a', '1');
    const timelines = acknowledge(NO_TIMELINES, 'a', { led: 1, key: store.revision });
    const note = {
      kind: 'note-timeline',
      term,
      key: store.revision,
      revision: 0,
      timelines,
    } as const;
    if (what === 'term') take(store, 'b', term);
    if (what === 'key') store.put(NAMES.patroniLeader, 'a', '2');
    if (what === 'timelines') store.put(NAMES.timelines, give(NO_TIMELINES, 'b', 1, 2));
    expect(store.transact(noteTimeline(NAMES, note))).toBe(false);
  },
);

function take(store: Store, site: string, revision: number): number {
  const asked = {
    kind: 'claim',
    lease: 'leader',
    sentAt: 0,
    revision,
    over: null,
    name: 0,
  } as const;
  expect(store.transact(claim(NAMES, site, { ...asked, report }))).toBe(true);
  return store.view().leader.revision;
}
