import { expect, test } from 'vitest';
import { emptyView } from '../../../test/support/empty-view.ts';
import { selfAt } from '../../../test/support/self.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import { wellAtSite } from '../told/story-etcd.ts';
import type { PostgresReport, Report, Site, View } from '../view.ts';
import { type Possible, planRecovery } from './recovery.ts';

/** a led timeline 2 and acknowledged; all lost their power; b and c are back, and a is not. */
const NOW = 100_000;

test('who never comes back is named, with what it said last that it had and no other has', () => {
  const plan = possible({ sync: ['a', []], strict: false, sites: { a: copy(500), b: copy(300) } });
  expect(plan).toMatchObject({
    to: 'b',
    missing: [{ site: 'a', answers: false, silentMs: 50_000, saidAtMs: 7, timeline: 2, lsn: 500 }],
    atStake: { kind: 'known', bytes: 200, unheardMs: 10_500, given: ['a'] },
    confirm: 'without a',
  });
  expect(plan.atStake.why).toBe('a said last that it had 200 bytes more of the log');
});

test('where each write was acknowledged by another site before, and all others are here, nothing is lost and nothing has to be typed', () => {
  const plan = possible({ sync: ['a', []] });
  expect([plan.to, plan.confirm]).toEqual(['b', null]);
  expect(plan.atStake).toMatchObject({ kind: 'none', bytes: 0, given: [] });
});

test.each<[string, Case]>([
  ['one of the others is silent, too', { sync: ['a', []], silent: ['a', 'c'] }],
  ['the sites are two, and one acknowledges alone', { sync: ['a', []], strict: false }],
  ['another site than /sync says acknowledged last', { sync: ['a', []], noted: [2, 'c'] }],
  ['nobody noted what acknowledged', { sync: ['a', []], noted: null }],
])('it may be lost where %s', (_, otherwise) => {
  const { confirm, atStake } = possible(otherwise);
  expect(atStake.kind).not.toBe('none');
  expect(confirm).toMatch(/^without a/);
});

test('a site that /sync does not name has confirmed nothing that whom it names lacks', () => {
  const sync: Case['sync'] = ['a', ['b']];
  expect(possible({ sync, silent: ['a', 'c'] })).toMatchObject({ to: 'b', confirm: null });
  expect(possible({ sync, at: 'c', silent: ['a', 'b'] }).confirm).toBe('without a and b');
});

test('the copy with most of the timeline that acknowledged is chosen, whatever the positions of others', () => {
  const sites = { a: copy(500), b: copy(900, 1), c: copy(300) };
  const plan = possible({ sync: ['a', []], sites });
  expect([plan.to, plan.confirm]).toEqual(['c', null]);
  expect(plan.copies.map(({ site, left }) => [site, left])).toEqual([
    ['c', false],
    ['b', true],
  ]);
});

test('whoever is ahead of a site that is named is given up, too', () => {
  const sites = { a: copy(500), b: copy(300), c: copy(200) };
  const plan = possible({ sync: ['a', []], sites, to: 'c' });
  expect(plan).toMatchObject({ to: 'c', confirm: 'without b and a' });
  expect(plan.atStake).toMatchObject({ kind: 'known', bytes: 300 });
});

test('of a copy that left the timeline which acknowledged it is not known how much it lacks', () => {
  const plan = possible({ sync: ['a', ['b']], sites: { a: copy(500), b: copy(300, 1) } });
  expect(plan.atStake).toMatchObject({ kind: 'unknown', bytes: null });
  expect(plan.confirm).toBe('without a');
});

test('nor where whoever is missing left no word of what it had', () => {
  const plan = possible({ sync: ['a', []], strict: false, sites: { a: null, b: copy(300) } });
  expect(plan.atStake).toMatchObject({
    kind: 'unknown',
    why: expect.stringContaining('a left no'),
  });
});

test('beside the word of who led, which has all that anybody confirmed, no other is needed', () => {
  const sites = { a: copy(500), b: copy(300), c: null };
  const plan = possible({ sync: ['a', ['c']], sites, silent: ['a', 'c'] });
  expect(plan).toMatchObject({
    atStake: { kind: 'known', bytes: 200 },
    confirm: 'without a and c',
  });
});

test('what was seen is named by its revisions, with the last sign of life of each that is silent', () => {
  const { seen } = possible({ sync: ['a', []] });
  expect(seen).toEqual({ sync: 2, failover: 0, config: 0, timelines: 8, silent: { a: 7 } });
});

test.each<[string, Case, RegExp]>([
  ['somebody leads', { leader: 'b' }, /^b holds Patroni's leader key, and answers/],
  ['whoever led is silent, and its key lasts', { leader: 'a' }, /which has to run out first/],
  ['Patroni is paused', { paused: true }, /patronictl resume/],
  ['nobody can read what acknowledged', { noted: 'unreadable' }, /timelines/],
  ['etcd is silent', { readAt: NOW - 4_000 }, /^etcd does not answer/],
  ['a primary is here, without a key', { sync: ['a', []], primary: 'b' }, /^PostgreSQL of b is/],
  ['it is asked at a witness', { witness: true }, /^a witness has no copy/],
  ['a copy has not replayed all that it has', { movedMs: 4_900 }, /^c still replays/],
  ['nobody leads only since now', { leaderlessMs: 6_500 }, /ask again in 4 s/],
  [
    'Patroni may elect one of those that are here',
    { sync: ['a', ['b', 'c'], 1] },
    /^b has everyth/,
  ],
  ['whom /sync names as the leader is here', { sync: ['b', ['a']] }, /^b has everything/],
  ['whoever led is here', { silent: ['c'], sync: ['a', []] }, /^a has everything/],
  [
    'its agent is here and its database not yet',
    { sync: ['a', []], down: ['a'], silent: [] },
    /^a ans/,
  ],
  [
    'its agent is here and its database not yet, and any site may have confirmed something',
    { sync: ['a', []], down: ['c'] },
    /^c answers, and may have what nobody else has/,
  ],
  [
    'the agent of who acknowledged last is here and its database not yet, whatever /sync says',
    { sync: ['d', ['b']], down: ['a'], silent: [] },
    /^a answers, and may have what nobody else has/,
  ],
  ['no database is here', { sync: ['a', ['b']], down: ['b', 'c'], silent: ['a'] }, /^b answers/],
  ['the one that is asked for is none', { sync: ['a', []], to: 'd' }, /no database of d answers/],
  ['the one that is asked for is silent', { sync: ['a', []], to: 'a' }, /no database of a answers/],
])('it is refused where %s, and said why', (_, otherwise, why) => {
  const plan = planned(otherwise);
  expect(plan).toEqual({ kind: 'refused', why: expect.stringMatching(why) });
});

test('who could be elected and is not for a minute is kept from it by something: then it may be ordered, and nothing is lost', () => {
  const elected: Case = { sync: ['a', ['b', 'c'], 1], leaderlessMs: 60_000 };
  expect(possible(elected)).toMatchObject({ to: 'b', confirm: null });
});

test('a vote that is missing is waited for by nobody who is asked to recover', () => {
  const alone: Case = { sync: ['a', ['b', 'c'], 1], silent: ['a', 'c'] };
  expect(possible(alone)).toMatchObject({ to: 'b', confirm: 'without a and c' });
});

test('a site whose promotion a person must mend first cannot lead, and it is said why', () => {
  const refused = { kind: 'certificate', why: 'no key', agoMs: 0, sinceMs: 0 } as const;
  const reports = { c: { refused } };
  const sites = { a: copy(500), b: null, c: copy(300) };
  const plan = planned({ sync: ['a', ['c']], strict: false, sites, reports, silent: ['a', 'b'] });
  expect(plan).toMatchObject({ kind: 'refused', why: expect.stringContaining('c: no key') });
});

test('a site of which nobody ever heard, but /sync names it, may have confirmed what no other has', () => {
  const plan = possible({ sync: ['d', []] });
  expect(plan.missing.at(-1)).toEqual({
    ...{ site: 'd', answers: false, silentMs: null, saidAtMs: null, timeline: null, lsn: null },
  });
  expect(plan).toMatchObject({ atStake: { kind: 'unknown' }, confirm: 'without a and d' });
});

test('of those that are left the one that is furthest is chosen: with the later timeline, with more of it, and at work', () => {
  const left = { a: copy(500, 3), b: copy(900, 1), c: copy(300, 2) };
  expect(possible({ sync: ['a', []], sites: left, noted: [3, 'a'] }).to).toBe('c');
  const sites = { a: copy(500), b: copy(300), c: copy(400) };
  const refused = { kind: 'votes', why: 'b has more', agoMs: 0, sinceMs: 0 } as const;
  expect(possible({ sync: ['a', []], sites, reports: { c: { refused } } }).to).toBe('c');
  const stopped = { ...copy(400), state: 'stopped' };
  expect(possible({ sync: ['a', []], sites: { ...sites, c: stopped } }).to).toBe('b');
});

test('who acknowledged last is missing, whatever /sync says; a witness never is', () => {
  const noted = possible({ sync: ['a', []], noted: [2, 'd'] });
  expect(noted.missing.map(({ site }) => site)).toEqual(['a', 'd']);
  const left = { a: copy(500), b: copy(300, 1), c: copy(300, 1) };
  const named = possible({ sync: ['b', ['c']], sites: left });
  expect(named).toMatchObject({ atStake: { kind: 'unknown' }, confirm: 'without a' });
  const sites = { a: copy(500), b: copy(300), c: copy(300), w: null };
  const reports = { w: { witness: true } };
  const beside = possible({ sync: ['a', []], sites, reports, silent: ['a', 'w'] });
  expect(beside.missing.map(({ site }) => site)).toEqual(['a']);
});

test('whom /sync names as the leader, and whose copy left what acknowledged, is nobody to wait for', () => {
  const sites = { a: copy(500), b: copy(300, 1) };
  expect(possible({ sync: ['b', ['a']], sites }).to).toBe('b');
});

test('a copy that has what acknowledged is ahead of one that left it, whatever their positions', () => {
  const sites = { a: copy(500), b: copy(900, 1), c: copy(300) };
  expect(possible({ sync: ['a', []], sites, to: 'b' }).confirm).toBe('without c and a');
});

test('a site that left what acknowledged before it was lost has confirmed nothing of it', () => {
  const sites = { a: copy(500), b: copy(300), c: copy(900, 1) };
  const plan = possible({ sync: ['a', []], sites, silent: ['a', 'c'] });
  expect(plan.confirm).toBeNull();
});

test('on another timeline than the one that acknowledged nothing is proved, and positions say nothing', () => {
  const later = { a: copy(500), b: copy(300, 3), c: copy(200, 3) };
  expect(possible({ sync: ['a', []], sites: later }).atStake.kind).toBe('unknown');
  const earlier = { a: copy(500, 1), b: copy(300) };
  const { atStake } = possible({ sync: ['a', []], strict: false, sites: earlier });
  expect(atStake).toMatchObject({ kind: 'unknown', why: expect.stringContaining('on timeline 1') });
});

test('of an agent that answers no sign of life is compared: there will be another', () => {
  const { seen } = possible({ sync: ['a', ['b']], strict: false, down: ['c'] });
  expect(seen.silent).toEqual({ a: 7 });
});

test('of a copy that was only just seen it is not known whether it still replays', () => {
  const state = { ...stateOf({ sync: ['a', []] }), positions: {} };
  const plan = planRecovery(state, null, NOW, TIMINGS);
  expect(plan).toEqual({ kind: 'refused', why: expect.stringContaining('still replays') });
});

test('a primary on a timeline that was left is nobody who could lead', () => {
  const sites = { a: copy(500), b: copy(900, 1), c: copy(300) };
  const plan = possible({ sync: ['a', []], sites, at: 'c', primary: 'b' });
  expect([plan.to, plan.copies.at(-1)?.why]).toEqual([
    'c',
    'its PostgreSQL is a primary by itself',
  ]);
});

interface Case {
  readonly at?: Site;
  readonly witness?: boolean;
  readonly primary?: Site;
  readonly movedMs?: number;
  readonly to?: Site;
  readonly strict?: boolean;
  readonly sync?: readonly [leader: Site, standbys: Site[], quorum?: number];
  readonly sites?: Record<Site, PostgresReport | null>;
  readonly reports?: Record<Site, Partial<Report>>;
  readonly silent?: readonly Site[];
  readonly down?: readonly Site[];
  readonly noted?: readonly [timeline: number, site: Site] | null | 'unreadable';
  readonly leader?: Site;
  readonly leaderlessMs?: number;
  readonly paused?: boolean;
  readonly readAt?: number;
}

const copy = (lsn: number, timeline = 2): PostgresReport => ({
  ...{ role: 'standby', state: 'running', timeline },
  lsn: String(lsn),
});

function possible(otherwise: Case): Possible {
  const plan = planned(otherwise);
  if (plan.kind === 'possible') return plan;
  throw new Error(plan.why);
}

const planned = (otherwise: Case) =>
  planRecovery(stateOf(otherwise), otherwise.to ?? null, NOW, TIMINGS);

function stateOf(otherwise: Case): State {
  const { at = 'b', strict = true, silent = ['a'], leaderlessMs = 20_000 } = otherwise;
  const view = viewOf(otherwise);
  const seenAt = (site: Site) => (silent.includes(site) ? NOW - 50_000 : NOW - 500);
  const pulses = Object.keys(view.sites).map((site) => [
    site,
    { revision: 7, seenAt: seenAt(site) },
  ]);
  const stillSince = (site: Site) => NOW - (site === 'c' ? (otherwise.movedMs ?? 5_000) : 5_000);
  const own = view.sites[at]?.report.postgres ?? null;
  return {
    ...start({ ...selfAt(at), strict, witness: otherwise.witness ?? false }, NOW),
    view,
    positions: Object.fromEntries(
      Object.keys(view.sites).map((site) => [site, { at: '', since: stillSince(site) }]),
    ),
    readAt: otherwise.readAt ?? NOW,
    pulses: Object.fromEntries(pulses),
    postgres: own && { report: own, at: NOW },
    leaderlessSince: otherwise.leader === undefined ? NOW - leaderlessMs : null,
  };
}

function viewOf(otherwise: Case): View {
  const {
    sites = { a: copy(500), b: copy(300), c: copy(300) },
    reports = {},
    down = [],
  } = otherwise;
  const { sync = ['a', []], noted = [2, 'a'], leader } = otherwise;
  const entries = Object.entries(sites).map(([site, postgres]) => {
    const role = site === otherwise.primary ? 'primary' : 'standby';
    const said = down.includes(site) ? null : postgres && ({ ...postgres, role } as const);
    return [
      site,
      { revision: 7, report: { ...wellAtSite(site), wallMs: 7, postgres: said, ...reports[site] } },
    ];
  });
  const view = emptyView(9, Object.fromEntries(entries));
  return {
    ...view,
    timelines: noted === 'unreadable' ? null : timelinesWith(noted),
    patroni: {
      ...view.patroni,
      leader: leader === undefined ? null : { site: leader, lease: '1', revision: 5 },
      sync: {
        leader: sync[0],
        standbys: sync[1],
        revision: 2,
        ...(sync[2] && { quorum: sync[2] }),
      },
      paused: otherwise.paused ?? false,
    },
  };
}

function timelinesWith(noted: readonly [timeline: number, site: Site] | null) {
  const given = { given: 2, promotions: [], revision: 8 };
  if (noted === null) return { ...given, acknowledging: null };
  const [timeline, site] = noted;
  return { ...given, acknowledging: { timeline, site, parent: 1, before: timeline, key: 4 } };
}
