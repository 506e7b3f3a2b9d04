import { expect, test } from 'vitest';
import { selfAt } from '../../../test/support/self.ts';
import type { Input } from '../inputs.ts';
import { step } from '../machine.ts';
import { type State, start } from '../state.ts';
import { acknowledge, NO_TIMELINES } from '../timelines.ts';
import { wellAtSite } from '../told/story-etcd.ts';
import type { PostgresReport, Site, Timelines, View } from '../view.ts';

const RUNNING: PostgresReport = { role: 'standby', state: 'running', timeline: 2, lsn: '500' };
const PRIMARY: PostgresReport = { role: 'primary', state: 'running', timeline: 2, lsn: '900' };

interface Seen {
  readonly own?: PostgresReport;
  readonly primary?: Partial<PostgresReport>;
  readonly named?: readonly Site[];
  readonly syncLeader?: Site;
  readonly history?: number;
  readonly leader?: Site | null;
  readonly known?: Timelines | null;
}

/** What this agent asks for when the cluster looks so at each of these seconds. */
function cloned(seconds: number, at: (second: number) => Seen): number[] {
  let state: State = start(self, 0);
  const times: number[] = [];
  for (let second = 0; second <= seconds; second++) {
    const seen = at(second);
    const inputs: Input[] = [
      { kind: 'read', view: viewOf(seen, second + 1) },
      { kind: 'postgres', postgres: seen.own ?? RUNNING },
    ];
    for (const input of inputs) {
      const done = step(state, input, second * 1_000);
      state = done.state;
      const [effect] = done.effects.filter(({ kind }) => kind === 'reinitialize');
      if (effect === undefined) continue;
      expect(effect).toEqual({ kind: 'reinitialize', from: 'b' });
      times.push(second);
      state = step(state, { kind: 'done', effect: 'reinitialize' }, second * 1_000).state;
    }
  }
  return times;
}

test('a member that runs and follows nobody beside a primary that is well is cloned anew, once', () => {
  expect(cloned(300, () => ({}))).toEqual([60]);
  expect(cloned(300, () => ({ own: { ...RUNNING, state: 'starting', lsn: null } }))).toEqual([60]);
});

test('a walreceiver that is refused again and again says "streaming" now and then, and that is no progress', () => {
  const refused = (second: number) => (second % 7 < 3 ? 'streaming' : 'running');
  expect(cloned(63, (second) => ({ own: { ...RUNNING, state: refused(second) } }))).toEqual([63]);
});

test('one that streams and has nothing to receive follows', () => {
  const broken = (second: number) => (second === 30 ? 'running' : 'streaming');
  expect(cloned(300, (second) => ({ own: { ...RUNNING, state: broken(second) } }))).toEqual([]);
  const late = (second: number) => (second < 59 ? 'running' : 'streaming');
  expect(cloned(63, (second) => ({ own: { ...RUNNING, state: late(second) } }))).toHaveLength(1);
  const inTime = (second: number) => (second < 54 ? 'running' : 'streaming');
  expect(cloned(200, (second) => ({ own: { ...RUNNING, state: inTime(second) } }))).toEqual([]);
});

test('what it never had before is progress, and what it had is none', () => {
  const gains = (second: number) => String(500 + Math.floor(second / 50));
  expect(cloned(300, (second) => ({ own: { ...RUNNING, lsn: gains(second) } }))).toEqual([]);
  const repeats = (second: number) => String(500 - (second % 50));
  expect(cloned(61, (second) => ({ own: { ...RUNNING, lsn: repeats(second) } }))).toEqual([60]);
});

test('nothing is cloned that others count on, nor beside a primary that is not known to be well', () => {
  const never: Seen[] = [
    { named: ['a', 'c'] },
    { syncLeader: 'c' },
    { history: 1 },
    { primary: { state: 'starting' } },
    { primary: { role: 'standby' } },
    { primary: { timeline: null } },
    { leader: null },
    { leader: 'a' },
    // It was not asked whether it may lead, and lacks what c acknowledged.
    { known: acknowledge({ ...NO_TIMELINES, given: 3 }, 'c', { led: 3, key: 4 }) },
    { known: null },
    { own: { ...RUNNING, role: 'primary' } },
    { own: { ...RUNNING, state: 'creating replica' } },
  ];
  for (const seen of never)
    expect(
      cloned(200, () => seen),
      JSON.stringify(seen),
    ).toEqual([]);
});

test('the time without a leader, or beside another, does not count', () => {
  expect(cloned(100, (second) => ({ leader: second < 50 ? null : 'b' }))).toEqual([]);
  expect(cloned(120, (second) => ({ leader: second < 50 ? null : 'b' }))).toEqual([110]);
});

test('one that was refused is asked for again after the same time, one that began after ten minutes', () => {
  let state = start(self, 0);
  for (let second = 0; second <= 60; second++) {
    state = step(state, { kind: 'read', view: viewOf({}, second + 1) }, second * 1_000).state;
    state = step(state, { kind: 'postgres', postgres: RUNNING }, second * 1_000).state;
  }
  expect(state.reinitializedAt).toBe(60_000);
  const refused = { kind: 'failed', effect: 'reinitialize', reason: 'no' } as const;
  state = step(state, refused, 61_000).state;
  expect([state.stuck?.since, state.reinitializedAt]).toEqual([61_000, Number.NEGATIVE_INFINITY]);
  expect(cloned(661, () => ({}))).toEqual([60, 660]);
});

function viewOf(seen: Seen, revision: number): View {
  const reports = {
    a: wellAtSite('a'),
    b: { ...wellAtSite('b'), postgres: { ...PRIMARY, ...seen.primary } },
    c: wellAtSite('c'),
  };
  const leader = seen.leader === undefined ? 'b' : seen.leader;
  const known = seen.known === undefined ? NO_TIMELINES : seen.known;
  return {
    clusterId: '1',
    revision,
    leader: { site: 'b', revision: 1 },
    address: { site: 'b', revision: 1 },
    timelines: known && { ...known, revision: 0 },
    machines: { a: { machine: 'm', boot: '1', losses: 0, revision: 1 } },
    sites: Object.fromEntries(
      Object.entries(reports).map(([site, report]) => [site, { revision, report }]),
    ),
    patroni: {
      leader: leader === null ? null : { site: leader, lease: '1', revision: 5 },
      sync: { leader: seen.syncLeader ?? 'b', standbys: seen.named ?? ['c'], revision: 1 },
      failover: null,
      history: [],
      historyRevision: 0,
      failoverRevision: 0,
      timeline: seen.history ?? 2,
      paused: false,
      configRevision: 1,
    },
    unreadable: [],
  };
}

const self = selfAt('a', { mayHandOver: false, mayHoldAddress: false });
