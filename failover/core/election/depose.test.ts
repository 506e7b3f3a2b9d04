import { expect, test } from 'vitest';
import { emptyView } from '../../../test/support/empty-view.ts';
import { selfAt } from '../../../test/support/self.ts';
import type { Effect } from '../effects.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import { wellAtSite } from '../told/story-etcd.ts';
import type { Turn } from '../turn.ts';
import type { PostgresReport, Promotion, Site, View } from '../view.ts';
import { depose } from './depose.ts';

/** b led timeline 3, acknowledged with c and is lost; a, a primary on timeline 2 all the time, has the key. */
const NOW = 100_000;

test('a primary that was not asked loses its key to a site whose copy may lead, when that was seen for a while', () => {
  const seen = look(at('c'), NOW);
  expect(seen.effects).toEqual([]);
  expect(look(seen.state, NOW + 1_900).effects).toEqual([]);
  const [effect] = look(seen.state, NOW + 2_000).effects;
  expect(effect).toEqual({ kind: 'depose', from: 'a', leader: 5, timelines: 8, config: 0 });
});

test('it is not asked again at once, whatever became of it', () => {
  const first = look(look(at('c'), NOW).state, NOW + 2_000).state;
  const answered = { ...first, pending: {} };
  expect(look(answered, NOW + 11_900).effects).toEqual([]);
  expect(look(answered, NOW + 12_000).effects).toHaveLength(1);
});

test('its successor in the key is looked at anew', () => {
  const seen = look(at('c'), NOW).state;
  const other = { ...seen, view: withPatroni(seen.view!, { leader: leader('a', 6) }) };
  expect(look(other, NOW + 2_000).effects).toEqual([]);
});

test.each<[string, Case]>([
  ['led what acknowledged', { primary: [3] }],
  ['was given a number since', { given: { site: 'a', timeline: 4, parent: 3 } }],
  ['has a Patroni that asks for no numbers', { primary: [5] }],
  ['noted last that it may acknowledge', { noted: 'a' }],
  ['is noted by an agent that did not say where', { noted: undefined }],
  ['is no primary', { primary: [2, 'standby'] }],
  ['does not run', { primary: [2, 'primary', 'crashed'] }],
  ['is paused with all of Patroni', { paused: true }],
])('a primary that %s is left where it is', (_, otherwise) => {
  expect(isDeposed(otherwise)).toBe(false);
});

test('nor does who could not lead take its key: a copy on a dead timeline, or that is a primary, a Patroni that is silent, a witness', () => {
  expect(isDeposed({ own: copy(2) })).toBe(false);
  expect(isDeposed({ own: copy(3, 'primary') })).toBe(false);
  expect(isDeposed({ ownAt: NOW - 5_000 })).toBe(false);
  expect(isDeposed({ witness: true })).toBe(false);
  const lag = { since: NOW - 10_000, mark: 99, timeline: 3 };
  expect(isDeposedAt({ ...at('c'), lags: { c: lag } }, 2_500)).toBe(false);
});

test('nobody deposes itself, whatever is told of it', () => {
  expect(isDeposedAt(at('a'), 2_500)).toBe(false);
  const gone: Case = { leader: null, leaderlessMs: 10_000, sync: 'a', primary: [2, 'standby'] };
  expect(look(at('a', gone), NOW).effects).toEqual([]);
});

test('who does not know on which timeline its copy is waits, so that one who knows goes first', () => {
  const state = at('c', { own: { ...copy(3), state: 'stopped', timeline: null } });
  expect(isDeposedAt(state, 11_900)).toBe(false);
  expect(isDeposedAt(state, 12_000)).toBe(true);
  // While it is rewound PostgreSQL does not run; that it was on timeline 3 is not forgotten.
  expect(isDeposedAt({ ...state, copyTimeline: 3 }, 2_000)).toBe(true);
  const cloned = at('c', { own: { ...copy(3), state: 'creating replica' } });
  expect([2_000, 12_000].map((ms) => isDeposedAt(cloned, ms))).toEqual([false, true]);
});

test('where nobody leads, and /sync names one that was never asked, Patroni would let nobody else lead', () => {
  const gone: Case = { leader: null, leaderlessMs: 10_000, sync: 'a', primary: [2, 'standby'] };
  const [effect] = look(at('c', gone), NOW).effects;
  expect(effect).toMatchObject({ kind: 'depose', from: 'a', leader: 0 });
  const effectsOf = (otherwise: Case) => look(at('c', { ...gone, ...otherwise }), NOW).effects;
  expect(effectsOf({ leaderlessMs: 9_900 })).toEqual([]);
  expect(effectsOf({ sync: 'b' })).toEqual([]);
  expect(effectsOf({ sync: 'c' })).toEqual([]);
  // In /sync by the promotion that Patroni begins there: it has what acknowledged.
  expect(effectsOf({ primary: [3, 'standby'] })).toEqual([]);
  expect(effectsOf({ given: { site: 'a', timeline: 4, parent: 3 } })).toEqual([]);
});

test('so it is where its copy is on no timeline, half cloned; but with two sites /sync says nothing of that', () => {
  const half: Case = {
    leader: null,
    leaderlessMs: 10_000,
    sync: 'a',
    primary: [null, 'standby', 'creating replica'],
  };
  const effectsOf = (otherwise: Case, strict = true) => {
    const state = at('c', { ...half, ...otherwise });
    return look({ ...state, self: { ...state.self, strict } }, NOW).effects;
  };
  expect(effectsOf({})).toMatchObject([{ kind: 'depose', from: 'a', leader: 0 }]);
  expect(effectsOf({}, false)).toEqual([]);
  expect(effectsOf({ given: { site: 'a', timeline: 4, parent: 3 } })).toEqual([]);
  expect(effectsOf({ noted: 'a' })).toEqual([]);
});

interface Case {
  readonly primary?: readonly [
    timeline: number | null,
    role?: 'primary' | 'standby',
    state?: string,
  ];
  readonly own?: PostgresReport;
  readonly ownAt?: number;
  readonly given?: Promotion;
  readonly noted?: Site | undefined;
  readonly paused?: boolean;
  readonly witness?: boolean;
  readonly leader?: null;
  readonly leaderlessMs?: number;
  readonly sync?: Site;
}

const copy = (timeline: number | null, role: 'primary' | 'standby' = 'standby'): PostgresReport => {
  return { role, state: 'running', timeline, lsn: '10' };
};

const isDeposed = (otherwise: Case): boolean => isDeposedAt(at('c', otherwise), 2_500);

function isDeposedAt(state: State, afterMs: number): boolean {
  const seen = look(state, NOW).state;
  return look(seen, NOW + afterMs).effects.length > 0;
}

function look(state: State, now: number): { state: State; effects: readonly Effect[] } {
  const alive = Object.fromEntries(['a', 'c'].map((site) => [site, { revision: 8, seenAt: now }]));
  const { postgres } = state;
  const heard = { readAt: now, pulses: { ...state.pulses, ...alive } };
  const at = postgres && postgres.at >= NOW ? { postgres: { ...postgres, at: now } } : {};
  const turn: Turn = { state: { ...state, ...heard, ...at }, effects: [], now, timings: TIMINGS };
  depose(turn);
  return turn;
}

function at(site: Site, otherwise: Case = {}): State {
  const { own = copy(3), ownAt = NOW, leaderlessMs, witness = false } = otherwise;
  return {
    ...start({ ...selfAt(site), witness }, NOW),
    view: viewOf(otherwise),
    postgres: { report: own, at: ownAt },
    leaderlessSince: leaderlessMs === undefined ? null : NOW - leaderlessMs,
  };
}

function viewOf(otherwise: Case): View {
  const { primary = [2], given, paused = false, sync = 'a' } = otherwise;
  const [timeline, role = 'primary', state = 'running'] = primary;
  const postgres = { ...copy(timeline, role), state };
  const begun = emptyView(9, { a: { revision: 8, report: { ...wellAtSite('a'), postgres } } });
  const noted = 'noted' in otherwise ? otherwise.noted : 'b';
  const acknowledging = {
    timeline: 3,
    parent: 2,
    before: 3,
    key: 4,
    ...(noted && { site: noted }),
  };
  const view = {
    ...begun,
    timelines: { given: 4, promotions: given ? [given] : [], acknowledging, revision: 8 },
  };
  return withPatroni(view, {
    leader: otherwise.leader === null ? null : leader('a', 5),
    sync: { leader: sync, standbys: [], revision: 2 },
    paused,
  });
}

const leader = (site: Site, revision: number) => ({ site, lease: '7', revision });

const withPatroni = (view: View, patroni: Partial<View['patroni']>): View => {
  return { ...view, patroni: { ...view.patroni, ...patroni } };
};
