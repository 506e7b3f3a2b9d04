import { expect, test } from 'vitest';
import { emptyView } from '../../../test/support/empty-view.ts';
import { selfAt } from '../../../test/support/self.ts';
import { start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import { wellAtSite } from '../told/story-etcd.ts';
import type { Turn } from '../turn.ts';
import type { View } from '../view.ts';
import { passStrays } from './strays.ts';

const NOTED = { timeline: 2, parent: 1, before: 3, key: 5 };

test('a copy on an older timeline that is ahead is passed by', () => {
  expect(isNominated({ own: [2, 10], stray: [1, 50], history: 2 })).toBe(true);
  expect(isNominated({ own: [2, 10], stray: [2, 50], history: 2 })).toBe(false);
});

test('so is one that left the living timeline before its leader went on in it, though its number is higher', () => {
  expect(isNominated({ own: [2, 10], stray: [3, 50], history: 2, noted: NOTED })).toBe(true);
  // Of this one it is not known whether it has all; it was promoted later.
  expect(isNominated({ own: [2, 10], stray: [4, 50], history: 2, noted: NOTED })).toBe(false);
});

test('who lacks the timeline that acknowledged names itself not, whatever /history says', () => {
  const noted = { ...NOTED, timeline: 3 };
  expect(isNominated({ own: [2, 10], stray: [1, 50], history: 2, noted })).toBe(false);
});

test('in a promotion that acknowledged nothing yet all go by /history', () => {
  const noted = { ...NOTED, timeline: 1, before: 1 };
  expect(isNominated({ own: [3, 10], stray: [1, 50], history: 3, noted })).toBe(true);
});

test('nobody names itself as long as Patroni may elect by itself, and where no stray is ahead', () => {
  expect(isNominated({ own: [2, 10], stray: [1, 50], history: 2, leaderlessMs: 5_000 })).toBe(
    false,
  );
  expect(isNominated({ own: [2, 10], stray: [1, 5], history: 2 })).toBe(false);
});

test('another copy of the living timeline must be known, and not be ahead: it may be the one that confirmed', () => {
  const beside = (other: Case['own'] | null) =>
    isNominated({ own: [2, 10], stray: [1, 50], history: 2, other });
  expect([beside([2, 10]), beside([2, 20]), beside(null)]).toEqual([true, false, false]);
});

interface Case {
  readonly leaderlessMs?: number;
  /** Of a fourth site: null where it is silent. */
  readonly other?: readonly [timeline: number, position: number] | null;
  readonly own: readonly [timeline: number, position: number];
  readonly stray: readonly [timeline: number, position: number];
  readonly history: number;
  readonly noted?: NonNullable<View['timelines']>['acknowledging'];
}

/** Site b, where c that led is gone, and a is back with a position beyond. */
function isNominated({ own, stray, history, noted = null, leaderlessMs, other }: Case): boolean {
  const now = 100_000;
  const copy = ([timeline, lsn]: Case['own']) =>
    ({ role: 'standby', state: 'running', timeline, lsn: String(lsn) }) as const;
  const siteWith = (site: string, of: Case['own']) => ({
    revision: 8,
    report: { ...wellAtSite(site), postgres: copy(of) },
  });
  const begun = emptyView(9, {
    a: siteWith('a', stray),
    ...(other && { d: siteWith('d', other) }),
  });
  const view: View = {
    ...begun,
    timelines: { given: 3, promotions: [], acknowledging: noted, revision: 7 },
    patroni: {
      ...begun.patroni,
      timeline: history,
      sync: {
        leader: 'c',
        standbys: ['a', 'b', ...(other === undefined ? [] : ['d'])],
        revision: 6,
      },
    },
  };
  const state = {
    ...start(selfAt('b'), 0),
    view,
    readAt: now,
    pulses: { a: { revision: 8, seenAt: now }, ...(other && { d: { revision: 8, seenAt: now } }) },
    leaderlessSince: now - (leaderlessMs ?? 20_000),
    postgres: { report: copy(own), at: now },
  };
  const turn: Turn = { state, effects: [], now, timings: TIMINGS };
  passStrays(turn);
  return turn.effects.some(({ kind }) => kind === 'nominate');
}
