import { expect, test } from 'vitest';
import { emptyView } from '../../test/support/empty-view.ts';
import { selfAt } from '../../test/support/self.ts';
import { start } from './state.ts';
import { wellAtSite } from './story-etcd.ts';
import { passStrays } from './strays.ts';
import { TIMINGS } from './timings.ts';
import type { Turn } from './turn.ts';
import type { View } from './view.ts';

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

interface Case {
  readonly own: readonly [timeline: number, position: number];
  readonly stray: readonly [timeline: number, position: number];
  readonly history: number;
  readonly noted?: NonNullable<View['timelines']>['acknowledging'];
}

/** Site b, where c that led is gone, and a is back with a position beyond. */
function isNominated({ own, stray, history, noted = null }: Case): boolean {
  const now = 100_000;
  const copy = ([timeline, lsn]: Case['own']) =>
    ({ role: 'standby', state: 'running', timeline, lsn: String(lsn) }) as const;
  const begun = emptyView(9, {
    a: { revision: 8, report: { ...wellAtSite('a'), postgres: copy(stray) } },
  });
  const view: View = {
    ...begun,
    timelines: { given: 3, promotions: [], acknowledging: noted, revision: 7 },
    patroni: {
      ...begun.patroni,
      timeline: history,
      sync: { leader: 'c', standbys: ['a', 'b'], revision: 6 },
    },
  };
  const state = {
    ...start(selfAt('b'), 0),
    view,
    readAt: now,
    pulses: { a: { revision: 8, seenAt: now } },
    leaderlessSince: now - 20_000,
    postgres: { report: copy(own), at: now },
  };
  const turn: Turn = { state, effects: [], now, timings: TIMINGS };
  passStrays(turn);
  return turn.effects.some(({ kind }) => kind === 'nominate');
}
