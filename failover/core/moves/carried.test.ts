import { expect, test } from 'vitest';
import { emptyView } from '../../../test/support/empty-view.ts';
import { selfAt } from '../../../test/support/self.ts';
import { type Step, step } from '../machine.ts';
import { type State, start } from '../state.ts';
import { wellAtSite } from '../told/story-etcd.ts';
import type { Report, Site, View } from '../view.ts';

const MINUTE = 60_000;

test('before it has seen what the agent before it carried, an agent overwrites nothing', () => {
  const begun = step(fresh('a', 0), { kind: 'tick' }, 0);
  expect(begun.effects.map(({ kind }) => kind)).toEqual(['read']);
  const failed = step(begun.state, { kind: 'failed', effect: 'read', reason: 'x' }, 50);
  // Not in the same moment (turn.test.ts).
  expect(step(failed.state, { kind: 'tick' }, 300).effects.map(({ kind }) => kind)).toEqual([
    'read',
  ]);
});

test('a pause that is ordered at one site holds at all, and ends at all', () => {
  const a = pause(see(fresh('a', 0), {}, 100), 10 * MINUTE, 200);
  const told = reportOf(a, 'a', 10_000);
  const b = see(fresh('b', 5_000_000), { a: told }, 5_000_000);
  expect(b.pause?.until).toBe(5_000_000 + told.carried!.pause!.leftMs);
  const stale = see(b, { a: told }, 5_069_000);
  expect(stale.pause).toEqual(b.pause);
  const ended = pause(stale, 0, 5_070_000);
  const heard = see(a, { b: reportOf(ended, 'b', 5_070_000) }, 80_000);
  expect(heard.pause?.until).toBe(80_000);
});

test('a restarted agent goes on with what is left of a pause, as who has counted furthest says', () => {
  const a = pause(see(fresh('a', 0), {}, 100), 10 * MINUTE, 200);
  const early = reportOf(a, 'a', 1_000);
  const late = reportOf(a, 'a', 9 * MINUTE);
  const again = see(fresh('a', 0), { a: late, c: early }, 50);
  expect(again.pause?.until).toBe(50 + late.carried!.pause!.leftMs);
  const over = see(fresh('a', 0), { a: reportOf(a, 'a', 11 * MINUTE), c: early }, 50);
  expect(over.pause?.until).toBe(50);
});

test('hold-down and the time of a clone outlive the agent, those of other sites are none of ours', () => {
  const moved = {
    ...see(fresh('a', 0), {}, 100),
    moves: { count: 3, lastAt: 1_000, heldUntil: 41_000 },
    reinitializedAt: 2_000,
  };
  const told = reportOf(moved, 'a', 11_000);
  const again = see(fresh('a', 0), { a: told }, 50);
  expect(again.moves).toEqual({ count: 3, lastAt: -9_950, heldUntil: 30_050 });
  expect(again.reinitializedAt).toBe(-8_950);
  expect(see(fresh('b', 0), { a: told }, 50).moves.count).toBe(0);
});

test('a pause of which nobody else would hear is refused', () => {
  const order = { kind: 'pause-wanted', id: '1', forMs: MINUTE } as const;
  const { state, effects } = step(fresh('a', 0), order, 100);
  expect(effects).toContainEqual(expect.objectContaining({ kind: 'answer', accepted: false }));
  expect(state.pause).toBeNull();
  const silent = step(see(fresh('a', 0), {}, 100), order, 20_000);
  expect(silent.state.pause).toBeNull();
});

test('a pause is confirmed when etcd has it, and not before', () => {
  const order = { kind: 'pause-wanted', id: '1', forMs: MINUTE } as const;
  const asked = step(see(fresh('a', 0), {}, 100), order, 200);
  expect(answersIn(asked)).toEqual([]);
  const stale = step(asked.state, { kind: 'read', view: viewOf({}) }, 300);
  expect(answersIn(stale)).toEqual([]);
  const told = reportOf(stale.state, 'a', 400);
  const taken = step(stale.state, { kind: 'read', view: viewOf({ a: told }) }, 500);
  expect(answersIn(taken)).toEqual([expect.objectContaining({ id: '1', accepted: true })]);
  expect(answersIn(step(taken.state, { kind: 'tick' }, 9_000))).toEqual([]);
});

test('of a pause that etcd has not taken in time nothing is promised', () => {
  const order = { kind: 'pause-wanted', id: '1', forMs: MINUTE } as const;
  const asked = step(see(fresh('a', 0), {}, 100), order, 200);
  const late = step(asked.state, { kind: 'tick' }, 5_300);
  expect(answersIn(late)).toEqual([
    expect.objectContaining({ accepted: false, text: expect.stringContaining('not known') }),
  ]);
});

test('a machine whose name another one has is not heard, so it accepts no pause', () => {
  const twin = { machine: 'b', boot: '1', losses: 0, revision: 9 };
  const refused = see(fresh('a', 0), {}, 50, { a: twin });
  const order = { kind: 'pause-wanted', id: '1', forMs: MINUTE } as const;
  const { state, effects } = step(refused, order, 100);
  expect(state.pause).toBeNull();
  expect(effects).toContainEqual(
    expect.objectContaining({
      accepted: false,
      text: expect.stringContaining('another machine has the name a'),
    }),
  );
});

function fresh(site: Site, now: number): State {
  return start(selfAt(site, { machine: site, mayHoldAddress: false }), now);
}

const pause = (state: State, forMs: number, now: number): State =>
  step(state, { kind: 'pause-wanted', id: '1', forMs }, now).state;

/** What the site says with its next pulse. */
function reportOf(state: State, site: Site, now: number): Report {
  const due = { ...state, nextPulseAt: now };
  const { effects } = step(due, { kind: 'tick' }, now);
  const pulse = effects.find((effect) => effect.kind === 'pulse');
  if (pulse?.kind !== 'pulse') throw new Error(`${site} gave no pulse`);
  return pulse.report;
}

let revision = 10;

const answersIn = ({ effects }: Step) => effects.filter(({ kind }) => kind === 'answer');

function see(
  state: State,
  said: Record<Site, Report>,
  now: number,
  machines: View['machines'] = {},
): State {
  return step(state, { kind: 'read', view: { ...viewOf(said), machines } }, now).state;
}

function viewOf(said: Record<Site, Report>): View {
  revision += 1;
  const report = (site: Site) => said[site] ?? wellAtSite(site);
  const sites = ['a', 'b', 'c'].map((site) => [site, { revision, report: report(site) }]);
  return emptyView(revision, Object.fromEntries(sites));
}
