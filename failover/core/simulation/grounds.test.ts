import { expect, test } from 'vitest';
import { leaseKey } from '../etcd/transactions.ts';
import { TIMINGS } from '../timings.ts';
import type { Site } from '../view.ts';
import { Acknowledged } from './acknowledged.ts';
import type { AgentHost } from './agent/agent-host.ts';
import { Grounds } from './grounds.ts';
import type { Entry, Postgres } from './postgres.ts';
import type { Server } from './server.ts';
import { NAMES, PATRONI_TTL_MS, Store } from './store.ts';
import { Verdict } from './verdict.ts';
import type { World } from './world.ts';

const ANSWERS_MS = TIMINGS.leaderLeaseMs - TIMINGS.leaderMarginMs;
const CARRIES_MS = TIMINGS.addressLeaseMs - TIMINGS.addressMarginMs;

test('a deadline may be as late as the last pulse that etcd took allows, and no later', () => {
  expect(led().told('a', ANSWERS_MS).broken).toBeNull();
  expect(led().told('a', ANSWERS_MS + 2).broken).toMatch(/^D8: a may answer beyond its lease/);
  const silent = led();
  silent.pass(3_000);
  expect(silent.told('a', ANSWERS_MS - 2_900).broken).toMatch(/^D8: a may answer beyond its lease/);
});

test("a deadline may not be later than Patroni's key is good", () => {
  const cluster = led();
  cluster.pass(PATRONI_TTL_MS - 3_000);
  cluster.put(`${NAMES.sites}a`, {});
  expect(cluster.told('a', 2_000).broken).toBeNull();
  expect(cluster.told('a', 4_000).broken).toMatch(/^D8: a may answer beyond Patroni's key/);
});

test('nobody may answer on a timeline that is not noted as his', () => {
  const cluster = led();
  cluster.note('b', 1);
  expect(cluster.told('a', 1_000).broken).toMatch(/notes timeline 1 and does not lead/);
  const other = led();
  other.postgreses.get('a')!.timeline = 2;
  expect(other.told('a', 1_000).broken).toMatch(/^I2: a may answer on timeline 2, not noted/);
});

test('whose lease or key has run out may answer nobody', () => {
  const cluster = led();
  cluster.servers.get('a')!.open = true;
  cluster.pass(PATRONI_TTL_MS + 1);
  cluster.store.expire(cluster.now);
  expect(cluster.look().broken).toMatch(/^I1: a may answer, and has lost Patroni's key/);
});

test('whom another takes the key from may answer nobody', () => {
  const cluster = led();
  cluster.servers.get('a')!.open = true;
  cluster.put(NAMES.patroniLeader, 'b', 'b-1');
  expect(cluster.broken).toMatch(/^I1: a may answer, and has lost Patroni's key/);
});

test('who is vouched for, named, promoted, or notes his timeline has all that was acknowledged', () => {
  const lacking = () =>
    led([
      ['1', 'a'],
      ['2', 'a', 'c'],
    ]);
  const vouched = lacking();
  vouched.putTogether([NAMES.patroniLeader, 'b'], [NAMES.vouched, { site: 'b' }]);
  expect(vouched.broken).toMatch(/^I2: b is vouched for without 1/);
  const named = lacking();
  named.put(NAMES.patroniFailover, { member: 'b' });
  expect(named.broken).toMatch(/^I2: b is named without 1/);
  const promoted = lacking();
  promoted.grounds.promoted(promoted.postgreses.get('c') as unknown as Postgres);
  expect(promoted.broken).toMatch(/^I2: c is promoted without 1/);
  const notes = lacking();
  notes.put(NAMES.patroniLeader, 'b', 'b-1');
  notes.put(leaseKey(NAMES, 'leader'), { site: 'b' });
  notes.note('b', 1);
  expect(notes.broken).toMatch(/^I2: b notes its timeline without 1/);
});

test('an operator who named from whom the lead goes, or accepted a loss, is no judge of copies', () => {
  const cluster = led([['1', 'a']]);
  cluster.put(NAMES.patroniFailover, { leader: 'a', member: 'b' });
  cluster.putTogether(
    [NAMES.patroniLeader, 'b'],
    [NAMES.vouched, { site: 'b', unless: {} }],
    [`${NAMES.recoveries}1`, {}],
  );
  cluster.grounds.promoted(cluster.postgreses.get('b') as unknown as Postgres);
  expect(cluster.broken).toBeNull();
});

test('a key is handed over by a database that has ended, to one that has all of it', () => {
  const handOver = (accepts: boolean, ...sites: Site[]) => {
    const cluster = led();
    cluster.postgreses.get('a')!.accepts = accepts;
    for (const site of sites) cluster.postgreses.get(site)!.wal = [entry('of nobody')];
    cluster.putTogether(
      [NAMES.patroniLeader, 'b'],
      [NAMES.vouched, { site: 'b' }],
      [NAMES.patroniFailover, {}],
    );
    return cluster.broken;
  };
  expect(handOver(false)).toBeNull();
  expect(handOver(true)).toMatch(/^I2: a hands over to b, which lacks something/);
  expect(handOver(false, 'a')).toMatch(/^I2: a hands over to b, which lacks something/);
});

test('a timeline is given to whoever has the key, and each number once', () => {
  const given = (number: number, site: Site) => ({
    ...{ given: number, acknowledging: null },
    promotions: [{ site, timeline: number, parent: 1 }],
  });
  const cluster = led();
  cluster.put(NAMES.timelines, given(5, 'a'));
  expect(cluster.broken).toBeNull();
  cluster.put(NAMES.timelines, given(6, 'b'));
  expect(cluster.broken).toMatch(/^b is given a timeline, and a has Patroni's key/);
  const again = led();
  again.put(NAMES.timelines, given(5, 'a'));
  again.put(NAMES.timelines, given(4, 'a'));
  expect(again.broken).toMatch(/^5 could be given once more/);
});

test('of what is acknowledged for the first time another site has a copy', () => {
  const cluster = led();
  const told = { id: '9', epoch: 1, site: 'a', read: false };
  cluster.postgreses.get('a')!.wal = [entry('9')];
  cluster.grounds.acknowledges({ ...told, read: true });
  expect(cluster.broken).toBeNull();
  cluster.grounds.acknowledges(told);
  expect(cluster.broken).toMatch(/^I2: a acknowledges 9, which no other site has/);
});

test('the address is there no longer than the last pulse that etcd took allows', () => {
  const carries = (untilMs: number) => {
    const cluster = led();
    cluster.put(leaseKey(NAMES, 'address'), { site: 'a' });
    const agent = { host: 'a', site: 'a', addressUntil: cluster.now + untilMs };
    cluster.grounds.carries(agent as AgentHost);
    return cluster.broken;
  };
  expect(carries(CARRIES_MS)).toBeNull();
  expect(carries(1.02 * CARRIES_MS)).toMatch(/^D9: a has the address beyond its lease/);
});

interface Copy {
  site: Site;
  wal: Entry[];
  timeline: number;
  chain: number[];
  accepts: boolean;
}

const entry = (id: string): Entry => ({ epoch: 1, position: 1, requests: [id], bytes: 1 });

/** Led by a, whose timeline 1 is noted; with what was acknowledged, and who has it. */
function led(acknowledged: readonly [id: string, ...sites: Site[]][] = []) {
  const time = { now: 1_000 };
  const world = {
    ...{ time, strict: true, failsafe: false, alone: false, note: () => {} },
    ...{ clock: () => time.now, clockStood: () => false },
  } as unknown as World;
  const verdict = new Verdict(world);
  const told = new Acknowledged(world, verdict);
  const store = new Store();
  const copy = (site: Site): Copy => ({ site, wal: [], timeline: 1, chain: [1], accepts: true });
  const postgreses = new Map(['a', 'b', 'c'].map((site) => [site, copy(site)]));
  const servers = new Map(['a', 'b', 'c'].map((site) => [site, { open: false }]));
  const around = { etcd: { store }, postgreses, servers } as never;
  const grounds = new Grounds(world, verdict, told, around);
  for (const [id, ...sites] of acknowledged) {
    const one = entry(id);
    for (const site of sites) postgreses.get(site)!.wal.push(one);
    const holder = { wal: [one] } as unknown as Postgres;
    told.take({ id, epoch: 0, site: sites[0]!, read: false }, holder);
  }
  const cluster = {
    ...{ store, postgreses, servers, grounds },
    get now() {
      return time.now;
    },
    get broken() {
      return verdict.broken;
    },
    pass: (ms: number) => {
      time.now += ms;
    },
    look() {
      grounds.look(store.takeChanged());
      return cluster;
    },
    put(key: string, value: unknown, lease?: string) {
      store.put(key, value, lease);
      return cluster.look();
    },
    putTogether(...pairs: readonly [string, unknown][]) {
      const change = pairs.map(([put, value]) => ({ put, value, lease: `${value}-1` }));
      store.transact({ compare: [], change });
      return cluster.look();
    },
    note: (site: Site, timeline: number) =>
      cluster.put(NAMES.timelines, {
        ...{ given: timeline, promotions: [] },
        acknowledging: { site, timeline, parent: null, before: timeline, key: 1 },
      }),
    told(site: Site, forMs: number) {
      const server = { site, open: true, deadline: time.now + forMs } as unknown as Server;
      grounds.told(server, postgreses.get(site) as unknown as Postgres);
      return cluster;
    },
  };
  store.grant('a-1', time.now);
  store.grant('b-1', time.now);
  cluster.put(NAMES.patroniLeader, 'a', 'a-1');
  cluster.put(leaseKey(NAMES, 'leader'), { site: 'a' });
  cluster.note('a', 1);
  return cluster;
}
