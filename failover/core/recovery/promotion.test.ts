import { expect, test } from 'vitest';
import { emptyView } from '../../../test/support/empty-view.ts';
import { selfAt } from '../../../test/support/self.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import { wellAtSite } from '../told/story-etcd.ts';
import type { Incarnation, PostgresReport, View } from '../view.ts';
import { type Beside, type OwnEtcd, type PossiblePromotion, planPromotion } from './promotion.ts';

/** Of two sites, a led timeline 2 and b followed; a is lost, and etcd of b has heard nobody for two minutes. */
const NOW = 500_000;
const SILENT_SINCE = NOW - 120_000;

test('it is shown who is given up, for how long etcd is silent, whether this copy was waited for, what each said last, and what is lost', () => {
  expect(possible({ sync: ['a', []] })).toMatchObject({
    ...{ site: 'b', without: 'a', etcdSilentMs: 120_000 },
    sync: { leader: 'a', standbys: [] },
    copy: { site: 'b', timeline: 2, lsn: 300, left: false, why: null },
    missing: [{ site: 'a', answers: false, silentMs: 120_500, saidAtMs: 7, timeline: 2, lsn: 500 }],
    atStake: { kind: 'known', bytes: 200, unheardMs: 10_500, given: ['a'] },
    seen: { clusterId: '1', memberId: 'id of b', revision: 9, number: 1, timeline: 2, lsn: 300 },
  });
});

test('an agent that began when etcd was silent shows what its member of etcd knew', () => {
  const state = { ...stateOf(), view: null, readAt: Number.NEGATIVE_INFINITY, pulses: {} };
  expect(possible({ state })).toMatchObject({
    missing: [{ site: 'a', silentMs: null, lsn: 500 }],
    etcdSilentMs: NOW - 1_000,
  });
});

test('the site that led last, whose other one is lost, has all', () => {
  const { copy, atStake } = possible({ sync: ['b', ['a']], noted: 'b' });
  expect(copy).toMatchObject({ site: 'b', isUp: true });
  expect(atStake).toMatchObject({ kind: 'none', bytes: 0, given: [] });
});

test('nothing is lost with a site that acknowledged nothing without this one, however little this one had said', () => {
  expect(possible({ sync: ['a', ['b']] }).atStake).toMatchObject({
    ...{ kind: 'none', bytes: 0, unheardMs: 0, given: [] },
    why: 'a acknowledged nothing without b',
  });
});

test('what a site said to this agent after etcd fell silent counts as its last word', () => {
  const heard = (lsn: number) => {
    const report = {
      ...wellAtSite('a'),
      wallMs: 9,
      postgres: { ...copyAt(lsn), role: 'primary' as const },
    };
    const peers = { a: { word: { report, etcdSilentMs: 1 }, at: NOW - 70_000, trouble: null } };
    return possible({ state: { ...stateOf(), peers }, sync: ['a', []] });
  };
  expect(heard(900)).toMatchObject({
    missing: [{ site: 'a', saidAtMs: 9, timeline: 2, lsn: 900 }],
    atStake: { kind: 'known', bytes: 600 },
  });
  expect(heard(400)).toMatchObject({
    missing: [{ saidAtMs: 7, lsn: 500 }],
    atStake: { bytes: 200 },
  });
});

test('whoever may go on without etcd (failsafe) may have acknowledged for so long after its last word', () => {
  const self = { ...selfAt('b', { failsafe: true }), strict: false };
  const { unheardMs } = possible({ state: { ...stateOf(), self }, sync: ['a', []] }).atStake;
  expect(unheardMs).toBe(10_500 + TIMINGS.goOnMaxMs);
});

test.each<[string, Case]>([
  ['others may have confirmed in its place', { sync: ['a', ['b', 'c']] }],
  ['others have to say that they have no more', { quorum: 1 }],
  ['nobody wrote how many have to', { quorum: undefined }],
  ['another one acknowledged last', { noted: 'b' }],
  ['its copy is not on the timeline that acknowledged', { copy: { timeline: 1 } }],
])('that /sync names it is no proof where %s', (_, otherwise) => {
  const { atStake } = possible({ sync: ['a', ['b']], ...otherwise });
  expect(atStake.kind).not.toBe('none');
  expect(atStake.given).toContain('a');
});

test('a database that is down, as it must be without etcd behind a blackout, keeps nobody from going on: what etcd knew of it stands for it', () => {
  const down = { ...stateOf(), postgres: null };
  expect(possible({ state: down, sync: ['a', ['b']] })).toMatchObject({
    copy: { site: 'b', timeline: 2, lsn: 200, isUp: false },
    atStake: { kind: 'none', given: [] },
    seen: { timeline: 2, lsn: 200 },
  });
  expect(possible({ state: down, sync: ['b', ['a']], noted: 'b' }).atStake.kind).toBe('none');
  const stopped = { ...stateOf({ state: 'stopped', timeline: null, lsn: null }) };
  expect(possible({ state: stopped, sync: ['a', ['b']] }).copy.isUp).toBe(false);
  const without = { state: down, sync: ['a', ['b']], said: { timeline: null, lsn: null } } as const;
  expect(possible(without)).toMatchObject({
    copy: { timeline: null, lsn: null, isUp: false },
    atStake: { kind: 'none' },
  });
});

test('how much a database that is down lacks nobody knows, where /sync does not say that it lacks nothing', () => {
  const state = { ...stateOf(), postgres: null };
  for (const otherwise of [{ sync: ['a', []] }, { sync: ['b', ['a']] }, { noted: 'b' }] as Case[])
    expect(possible({ state, ...otherwise }).atStake).toMatchObject({
      ...{ kind: 'unknown', bytes: null, given: ['a'] },
      why: 'the database of b is not up, as it cannot be without etcd, so how much it has was not looked at',
    });
});

test('a copy that was being made anew is none', () => {
  const said = { state: 'creating replica', timeline: null, lsn: null };
  const down = { ...stateOf(), postgres: null };
  expect(planned({ state: down, said })).toEqual({
    kind: 'refused',
    why: expect.stringContaining('was being made anew'),
  });
  expect(planned({ copy: said })).toMatchObject({ kind: 'refused' });
});

test('each time another etcd is begun', () => {
  const incarnation = { number: 2, id: 'x', site: 'a', without: ['b'] };
  expect(possible({ incarnation }).seen.number).toBe(3);
});

test.each<[string, Case, RegExp]>([
  [
    'it is asked at a witness',
    { state: { ...stateOf(), self: selfAt('b', { witness: true }) } },
    /^a witness/,
  ],
  ['etcd has a leader', { own: { ...ownEtcd(), hasLeader: true } }, /^etcd has a majority/],
  ['it goes on alone already', { own: { ...ownEtcd(), members: members('b') } }, /alone already/],
  [
    'etcd answered a moment ago',
    { state: { ...stateOf(), readAt: NOW - 59_001 } },
    /ask again in 1 s$/,
  ],
  [
    'this agent has only just begun',
    { state: { ...stateOf(), readAt: Number.NEGATIVE_INFINITY }, began: NOW - 50_000 },
    /ask again in 10 s$/,
  ],
  [
    'three members have a vote: two that are given up are a majority',
    { own: { ...ownEtcd(), members: members('a', 'b', 'c') } },
    /^etcd has 3 members with a vote/,
  ],
  [
    'a third one listens',
    {
      own: {
        ...ownEtcd(),
        members: [...members('a', 'b'), { id: 'c', name: 'c', isLearner: true }],
      },
    },
    /^etcd has 2 members with a vote/,
  ],
  [
    'something answers at the other site',
    { own: { ...ownEtcd(), reached: ['h:2380'] } },
    /^h:2380 can be reached/,
  ],
  ['the agent of the other answers', { heard: {} }, /^the agent of a answers/],
  [
    'the copy here is a primary still',
    { copy: { role: 'primary' } },
    /^the copy of this site could not lead/,
  ],
  [
    'Patroni is paused, and leaves PostgreSQL a primary for ever',
    { copy: { role: 'primary' }, paused: true },
    /^Patroni is paused, so .* end Patroni and PostgreSQL of this site, and ask again/,
  ],
  ['nobody can read what etcd knows of timelines', { timelines: null }, /^nobody can read/],
  [
    'the copy here is of an etcd that decided later',
    { copy: { timeline: 4 } },
    /on timeline 4, which this etcd never gave/,
  ],
  [
    'this agent knew of another etcd',
    { known: { number: 1, id: 'x', site: 'a', without: ['b'] } },
    /another site went on with an etcd of its own/,
  ],
])('it is refused where %s, and said why', (_, otherwise, why) => {
  expect(planned(otherwise)).toEqual({ kind: 'refused', why: expect.stringMatching(why) });
});

test('it is refused where the other said that it goes on by itself, also when it has fallen silent since', () => {
  const state = stateOf();
  const word = { report: wellAtSite('a'), etcdSilentMs: null, incarnation: { number: 1, id: 'x' } };
  const peers = { a: { word, at: NOW - 70_000, trouble: null } };
  expect(planned({ state: { ...state, peers } })).toMatchObject({
    kind: 'refused',
    why: expect.stringContaining('bring that site back'),
  });
});

test('what etcd has here has to be looked at on a copy first, once etcd has been silent for long and nobody else answers', () => {
  const first = { kind: 'refused', why: expect.any(String), isLookedAtFirst: true };
  expect(planned({ own: null })).toEqual(first);
  const says = { ...ownEtcd(), isWhole: false };
  expect(planned({ own: says })).toEqual(first);
  expect(planned({ own: { ...says, reached: ['h:1'] } })).not.toHaveProperty('isLookedAtFirst');
  const early = { ...stateOf(), readAt: NOW - 1_000 };
  expect(planned({ own: null, state: early })).not.toHaveProperty('isLookedAtFirst');
});

test.each<[string, Case, RegExp]>([
  [
    'etcd of the other site takes a connection',
    { beside: { members: 2, reached: ['h:2379'] } },
    /^h:2379 can be reached/,
  ],
  [
    'the settings name more than two members',
    { beside: { members: 3, reached: [] } },
    /^etcd has 3 members with a vote/,
  ],
  [
    'the settings name nobody who could be looked for',
    { beside: { members: 1, reached: [] } },
    /has to name all of etcd's members/,
  ],
  ['the agent of the other answers', { heard: {} }, /^the agent of a answers/],
])(
  'a member that says nothing may decide with the other all the same: it is not ended for a look where %s',
  (_, otherwise, why) => {
    for (const own of [null, { ...ownEtcd(), isWhole: false }])
      expect(planned({ own, ...otherwise })).toEqual({
        kind: 'refused',
        why: expect.stringMatching(why),
      });
  },
);

interface Case {
  readonly state?: State;
  readonly own?: OwnEtcd | null;
  readonly beside?: Beside;
  readonly began?: number;
  readonly sync?: readonly [leader: string, standbys: readonly string[]];
  readonly noted?: string;
  readonly quorum?: number | undefined;
  /** By the last report of this site in etcd. */
  readonly said?: Partial<PostgresReport>;
  readonly paused?: boolean;
  readonly copy?: Partial<PostgresReport>;
  readonly timelines?: null;
  readonly incarnation?: Incarnation;
  readonly known?: Incarnation;
  readonly heard?: object;
}

function possible(otherwise: Case): PossiblePromotion {
  const plan = planned(otherwise);
  if (plan.kind === 'possible') return plan;
  throw new Error(plan.why);
}

function planned(otherwise: Case) {
  const { began = 1_000, own = ownEtcd(otherwise), known, heard } = otherwise;
  const { beside = { members: 2, reached: [] } } = otherwise;
  const state = otherwise.state ?? stateOf(otherwise.copy);
  const view = known && { ...viewOf({}), incarnation: known };
  const word = heard && { report: wellAtSite('a'), etcdSilentMs: 60_000 };
  const peers = word && { a: { word, at: NOW - 1_000, trouble: null } };
  const seen = { ...state, ...(view && { view }), ...(peers && { peers }) };
  return planPromotion(seen, { own, beside, began }, NOW, TIMINGS);
}

function stateOf(copy: Partial<PostgresReport> = {}): State {
  return {
    ...start({ ...selfAt('b'), strict: false }, 0),
    view: viewOf({}),
    readAt: SILENT_SINCE,
    pulses: { a: { revision: 7, seenAt: SILENT_SINCE - 500 } },
    postgres: { report: { ...copyAt(300), ...copy }, at: NOW },
  };
}

function copyAt(lsn: number): PostgresReport {
  return { role: 'standby', state: 'running', timeline: 2, lsn: String(lsn) };
}

function viewOf(otherwise: Case): View {
  const {
    sync = ['a', ['b']],
    noted = 'a',
    timelines,
    incarnation,
    said,
    paused = false,
  } = otherwise;
  const { quorum } = { quorum: 0, ...otherwise };
  const site = (name: string, postgres: PostgresReport) => ({
    revision: 7,
    report: { ...wellAtSite(name), wallMs: 7, postgres },
  });
  const b = { ...copyAt(200), ...said };
  const view = emptyView(9, { a: site('a', copyAt(500)), b: site('b', b) });
  const acknowledging = { timeline: 2, site: noted, parent: 1, before: 2, key: 4 };
  return {
    ...view,
    timelines: timelines === null ? null : { given: 2, promotions: [], revision: 8, acknowledging },
    ...(incarnation && { incarnation }),
    patroni: {
      ...view.patroni,
      leader: { site: 'a', lease: '1', revision: 5 },
      sync: {
        leader: sync[0],
        standbys: sync[1],
        revision: 2,
        ...(quorum !== undefined && { quorum }),
      },
      paused,
    },
  };
}

function members(...names: string[]) {
  return names.map((name) => ({ id: `id of ${name}`, name, isLearner: false }));
}

function ownEtcd(otherwise: Case = {}): OwnEtcd {
  return {
    ...{ clusterId: '1', memberId: 'id of b', revision: 9, hasLeader: false, isWhole: true },
    voters: ['id of a', 'id of b'],
    members: members('a', 'b'),
    view: viewOf(otherwise),
    revisions: { sync: 2, timelines: 8, incarnation: 0 },
    ...{ doors: ['h:2379', 'h:2380'], reached: [] },
  };
}
