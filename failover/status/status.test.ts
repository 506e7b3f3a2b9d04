import { expect, test } from 'vitest';
import { selfAt } from '../../test/support/self.ts';
import { step } from '../core/machine.ts';
import { reportNow } from '../core/pulse/report.ts';
import { type State, start } from '../core/state.ts';
import { TIMINGS } from '../core/timings.ts';
import { explain } from '../core/told/explain.ts';
import { StoryEtcd, wellAtSite } from '../core/told/story-etcd.ts';
import type { Report } from '../core/view.ts';
import { lagOf } from './lag.ts';
import { statusOf } from './status.ts';

const told = { kind: 'disk', why: 'no space left', agoMs: 2_000, sinceMs: 9_000 } as const;

test('why a promotion was refused is told to the other sites, and shown by each of them', () => {
  const own = step(start(selfAt('b'), 0), { kind: 'promotion', told }, 0).state;
  const { refused } = reportNow(own, 1_000, TIMINGS);
  expect(refused).toEqual({ ...told, agoMs: 3_000, sinceMs: 10_000 });
  const view = new StoryEtcd({ b: { refused: refused! } }).read();
  const other = step(start(selfAt('a'), 0), { kind: 'read', view }, 0).state;
  expect(shownAt(other, 'b')).toEqual(refused);
  expect(shownAt(other, 'c')).toBeNull();
});

test('a block that does not go is shown with its site, also by the other sites', () => {
  const staysBlocked = { site: 'a', why: 'nft is not there', forMs: 20_000 };
  const view = new StoryEtcd({ b: { staysBlocked } }).read();
  const { sites } = shownBy(step(start(selfAt('a'), 0), { kind: 'read', view }, 0).state);
  expect(sites.map((each) => each.staysBlocked)).toEqual([null, staysBlocked, null]);
});

test('that etcd was let go on without a site is shown until that one votes again', () => {
  const incarnation = { number: 1, id: 'x', site: 'a', without: ['b'] };
  const view = { ...new StoryEtcd({}).read(), incarnation };
  const known = step(start(selfAt('a'), 0), { kind: 'read', view }, 0).state;
  const shown = (state: State) => shownBy(state).goesOnWithout;
  // Before its own member has said who votes.
  expect(shown(known)).toBeNull();
  const ledBy = (here: boolean, ...others: string[]): State => ({
    ...known,
    etcdLeader: { here, since: 0, others: others.map((name) => ({ id: name, name })) },
  });
  expect(shown(ledBy(true))).toEqual({ site: 'a', without: ['b'] });
  expect(shown(ledBy(false, 'b'))).toBeNull();
  expect(shown({ ...ledBy(true), view: new StoryEtcd({}).read() })).toBeNull();
});

test('a pause of Patroni itself is shown as long as it lasts', () => {
  const at = (story: string): State => {
    const view = new StoryEtcd({}).change(story);
    return step(start(selfAt('a'), 0), { kind: 'read', view }, 0).state;
  };
  const said = (state: State) => explain(state, 0, TIMINGS).others;
  expect(said(at('patroni b, paused'))).toContain(
    'Patroni itself is paused: a primary that is lost',
  );
  expect(said(at('patroni b'))).not.toContain('paused');
});

test('an operator’s pause is shown with what is left of it, and not once it is over', () => {
  const view = new StoryEtcd({}).read();
  const known = step(start(selfAt('a'), 0), { kind: 'read', view }, 0).state;
  const paused = { ...known, pause: { number: 1, until: 9_000 } };
  const left = (state: State, now: number) =>
    statusOf(state, explain(state, now, TIMINGS), NOTHING_ASKED, now).pausedMs;
  expect([left(known, 0), left(paused, 0), left(paused, 9_000)]).toEqual([null, 9_000, null]);
});

test('a move that was asked of Patroni is shown with its reason until its end is known', () => {
  const view = new StoryEtcd({}).change('patroni b, sync-leader b, sync a c');
  const following = step(start(selfAt('a'), 0), { kind: 'read', view }, 0).state;
  const asked = step(following, { kind: 'switchover-wanted', id: '1', to: 'c' }, 0).state;
  expect(shownBy(asked).moving).toEqual({ to: 'c', why: 'the operator wants it' });
  const ended = step(asked, { kind: 'done', effect: 'switchover' }, 100).state;
  expect(shownBy(ended).moving).toBeNull();
});

test('while etcd is away the sites are as their agents say, and those that say nothing as they were', () => {
  const { sites, peers } = withoutEtcd();
  const powers = sites.map(({ site, power, silentMs }) => [site, power, silentMs]);
  expect(powers).toEqual([
    ['a', 'unknown', 0],
    ['b', 'battery', 400],
    ['c', 'mains', 10_000],
  ]);
  expect(peers).toEqual([
    { site: 'b', answers: true, trouble: null, etcdSilentMs: 8_000 },
    { site: 'c', answers: false, trouble: { why: 'no answer', forMs: 1_000 }, etcdSilentMs: null },
  ]);
});

test('so they are where etcd never answered, as behind a blackout', () => {
  const { sites } = withoutEtcd({ everAnswered: false });
  expect(sites.map(({ site }) => site)).toEqual(['a', 'b']);
});

test('while etcd answers, its word counts and no other', () => {
  const view = new StoryEtcd({}).read();
  const known = step(start(selfAt('a'), 0), { kind: 'read', view }, 0).state;
  const told = step(known, batteryAtB(0), 100).state;
  expect(shownBy(told).sites.find(({ site }) => site === 'b')?.power).toBe('mains');
});

test('how far a copy lags is said where two words of now tell it, and nowhere else', () => {
  const primary = { role: 'primary', state: 'running', timeline: 2, lsn: '900' } as const;
  const standby = { role: 'standby', state: 'streaming', timeline: 2, lsn: '700' } as const;
  const lag = (ofA: object, ofB: object, silent: { a?: number; b?: number } = {}) =>
    lagOf(
      new Map([
        ['a', heard({ ...primary, ...ofA }, silent.a)],
        ['b', heard({ ...standby, ...ofB }, silent.b)],
      ]),
      'a',
      'b',
    );
  expect(lag({}, {})).toBe(200);
  expect(lag({}, { timeline: null })).toBe(200);
  expect(lag({}, { lsn: '901' })).toBe(0);
  expect(lag({}, {}, { a: 3_100 })).toBeNull();
  expect(lag({}, {}, { b: 3_100 })).toBeNull();
  expect(lag({ role: 'standby' }, {})).toBeNull();
  expect(lag({ timeline: 3 }, {})).toBeNull();
  expect(lag({}, { lsn: null })).toBeNull();
});

test('without etcd nobody is said to lack 0 B of what a silent primary may have', () => {
  const { sites } = withoutEtcd();
  expect(sites.map(({ lagBytes }) => lagBytes)).toEqual([null, null, null]);
});

const NOTHING_ASKED = {
  etcd: [],
  patroniKeyLeftMs: null,
  setAside: null,
  halfMade: null,
  addresses: [],
};

const heard = (postgres: Report['postgres'], silentMs = 300) => ({
  report: { ...wellAtSite('a'), postgres },
  silentMs,
});

const batteryAtB = (sentAt: number) => {
  const word = { etcdSilentMs: 8_000, report: { ...wellAtSite('b'), power: 'battery' } } as const;
  return { kind: 'peer-answered', site: 'b', sentAt, word } as const;
};

/** At a, 10 s after etcd fell silent: b answers, and c does not. */
function withoutEtcd({ everAnswered = true } = {}) {
  const view = new StoryEtcd({}).change('patroni c, sync-leader c, sync a b');
  const begun = start(selfAt('a'), 0);
  const known = everAnswered ? step(begun, { kind: 'read', view }, 0).state : begun;
  const silent = { kind: 'peer-silent', site: 'c', reason: 'no answer' } as const;
  const told = step(step(known, silent, 9_000).state, batteryAtB(9_600), 9_700).state;
  return statusOf(told, explain(told, 10_000, TIMINGS), NOTHING_ASKED, 10_000);
}

function shownBy(state: State) {
  return statusOf(state, explain(state, 0, TIMINGS), NOTHING_ASKED, 0);
}

function shownAt(state: State, name: string) {
  return shownBy(state).sites.find(({ site }) => site === name)?.refused;
}
