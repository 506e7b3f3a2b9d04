import { expect, test } from 'vitest';
import { emptyView } from '../../../test/support/empty-view.ts';
import { selfAt } from '../../../test/support/self.ts';
import type { Effect } from '../effects.ts';
import type { Input } from '../inputs.ts';
import { type State, start } from '../state.ts';
import { carryOn, isDead, reasonNotToPromote } from '../timelines.ts';
import { TIMINGS } from '../timings.ts';
import { wellAtSite } from '../told/story-etcd.ts';
import type { Turn } from '../turn.ts';
import { recover } from './recover.ts';
import { planRecovery } from './recovery.ts';

/** a of two sites led timeline 2 alone, and is lost for good; b is here. */
const NOW = 100_000;

test('what was shown and confirmed is ordered, and stands in the record as it was shown', () => {
  const { effects, state } = take(lost(), order({ confirmed: 'without a' }));
  expect(effects).toEqual([
    expect.objectContaining({ kind: 'recover', to: 'b', timelines: null, seen: seenNow() }),
  ]);
  expect(effects[0]).toMatchObject({
    record: {
      ...{ at: AT, by: 'eve at b', asked: 'b', to: 'b', confirmed: 'without a' },
      atStake: { kind: 'known', bytes: 200, given: ['a'] },
      sync: { leader: 'a', standbys: [] },
      acknowledging: { timeline: 2, site: 'a' },
    },
  });
  expect(state.recovering).toEqual({ id: '1', to: 'b' });
});

test.each<[string, string | null]>([
  ['nothing was typed', null],
  ['something else was', 'yes'],
])('where %s nothing is done', (_, confirmed) => {
  expect(take(lost(), order({ confirmed })).effects).toEqual([
    { kind: 'answer', id: '1', accepted: false, text: expect.stringContaining('"without a"') },
  ]);
});

test('where anything is not as it was shown, nothing is done', () => {
  const seen = { ...seenNow(), silent: { a: 6 } };
  const [answer] = take(lost(), order({ confirmed: 'without a', seen })).effects;
  expect(answer).toMatchObject({ accepted: false, text: expect.stringContaining('has changed') });
});

test('it is judged again at that moment: the site that was missing may be back', () => {
  const copies = lost().positions;
  const positions = { ...copies, a: { at: '2 500', since: NOW - 6_000 } };
  const back = { ...lost(), positions, pulses: alive(NOW, 'a', 'b') };
  const [answer] = take(back, order({ confirmed: 'without a' })).effects;
  expect(answer).toMatchObject({
    accepted: false,
    text: expect.stringContaining('PostgreSQL of a is a primary'),
  });
});

test('the answer says whether etcd found all as it was seen', () => {
  const asked = take(lost(), order({ confirmed: 'without a' })).state;
  const answers = [true, false].map((done) => {
    const { effects, state } = take(asked, { kind: 'recovered', done, view: asked.view! });
    expect(state.recovering).toBeNull();
    return effects[0];
  });
  expect(answers).toMatchObject([
    { id: '1', accepted: true, text: expect.stringContaining('b has Patroni') },
    { id: '1', accepted: false, text: expect.stringContaining('has changed') },
  ]);
  const failed: Input = { kind: 'failed', effect: 'recover', reason: 'etcd is silent' };
  expect(take(asked, failed).effects).toMatchObject([
    { accepted: false, text: expect.stringContaining('may have been done') },
  ]);
});

test('while nobody leads it is known since when each copy is where it is', () => {
  const tick = (state: State) => take(state, { kind: 'tick' }).state;
  expect(tick({ ...lost(), positions: {} }).positions).toEqual({ b: { at: '2 300', since: NOW } });
  const still = { b: { at: '2 300', since: NOW - 9_000 } };
  expect(tick({ ...lost(), positions: still }).positions).toEqual(still);
  const moved = { b: { at: '2 200', since: NOW - 9_000 } };
  expect(tick({ ...lost(), positions: moved }).positions.b?.since).toBe(NOW);
  const { view } = lost();
  const leader = { site: 'b', lease: '1', revision: 9 };
  const led = { ...view!, patroni: { ...view!.patroni, leader } };
  expect(tick({ ...lost(), view: led, positions: still }).positions).toEqual({});
});

test('a copy is not taken for one that has replayed all while its disk does not answer', () => {
  const report = { silentMs: 2_000, free: 0.5, scarce: 'space', trouble: null } as const;
  const still = { b: { at: '2 300', since: NOW - 9_000 } };
  const own = { ...lost(), positions: still };
  const disk = { report, at: NOW, stalledAt: NOW, fullSince: null };
  expect(take({ ...own, disk }, { kind: 'tick' }).state.positions.b?.since).toBe(NOW);
  const [view, self] = [own.view!, { ...own.self, site: 'c' }];
  const told = { ...view.sites.b!, report: { ...view.sites.b!.report, disk: report } };
  const seen = {
    ...own,
    self,
    postgres: null,
    view: { ...view, sites: { ...view.sites, b: told } },
  };
  expect(take(seen, { kind: 'tick' }).state.positions.b?.since).toBe(NOW);
  const quick = { ...disk, report: { ...report, silentMs: 1_000 } };
  expect(take({ ...own, disk: quick }, { kind: 'tick' }).state.positions).toEqual(still);
});

test('where the copy left what acknowledged, its own timeline is the living one from then on, and the lost one dead', () => {
  const left = lost(1);
  const [effect] = take(left, order({ confirmed: 'without a', seen: seenNow(left) })).effects;
  expect(effect).toMatchObject({
    kind: 'recover',
    timelines: { given: 2, acknowledging: { timeline: 1, site: 'b', before: 2, key: 0 } },
  });
});

test('upon a timeline with which an operator goes on its copy may lead, and none of the lost one', () => {
  const known = { given: 4, promotions: [], acknowledging: noted(3) };
  const after = carryOn(known, 'b', 1);
  expect(reasonNotToPromote([1], after)).toBeNull();
  expect(reasonNotToPromote([1, 2, 3], after)).not.toBeNull();
  expect([1, 3, 4, 5].map((each) => isDead(each, after.acknowledging!))).toEqual([
    ...[false, true, true, false],
  ]);
});

const AT = '2026-11-26T17:00:00.000Z';

const noted = (timeline: number) => ({ timeline, site: 'a', parent: 1, before: timeline, key: 4 });

const seenNow = (state = lost()) => {
  const plan = planRecovery(state, 'b', NOW, TIMINGS);
  return plan.kind === 'possible' ? plan.seen : expect.fail(plan.why);
};

const order = (special: {
  confirmed: string | null;
  seen?: ReturnType<typeof seenNow>;
}): Input => ({
  ...{ kind: 'recovery-wanted', id: '1', to: 'b', by: 'eve at b', at: AT, seen: seenNow() },
  ...special,
});

function take(state: State, input: Input): { state: State; effects: readonly Effect[] } {
  const turn: Turn = { state, effects: [], now: NOW, timings: TIMINGS };
  recover(turn, input);
  return turn;
}

function lost(timeline = 2): State {
  const copy = { role: 'standby', state: 'running', timeline, lsn: '300' } as const;
  const gone = { ...copy, role: 'primary', timeline: 2, lsn: '500' } as const;
  const view = emptyView(9, {
    a: { revision: 7, report: { ...wellAtSite('a'), postgres: gone } },
    b: { revision: 8, report: { ...wellAtSite('b'), postgres: copy } },
  });
  const sync = { leader: 'a', standbys: [], revision: 2 };
  return {
    ...start({ ...selfAt('b'), strict: false }, NOW),
    view: {
      ...view,
      timelines: { given: 2, promotions: [], acknowledging: noted(2), revision: 8 },
      patroni: { ...view.patroni, sync },
    },
    readAt: NOW,
    pulses: { ...alive(NOW, 'b'), ...alive(NOW - 50_000, 'a') },
    postgres: { report: copy, at: NOW },
    leaderlessSince: NOW - 20_000,
    positions: { b: { at: `${timeline} 300`, since: NOW - 20_000 } },
  };
}

const alive = (seenAt: number, ...sites: string[]): State['pulses'] =>
  Object.fromEntries(sites.map((site) => [site, { revision: 7, seenAt }]));
