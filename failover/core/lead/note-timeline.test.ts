import { expect, test } from 'vitest';
import { emptyView } from '../../../test/support/empty-view.ts';
import { selfAt } from '../../../test/support/self.ts';
import { start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import type { Turn } from '../turn.ts';
import type { View } from '../view.ts';
import { noteTimeline } from './note-timeline.ts';

test('where a number was passed over, /history is made to end in ours once Patroni has written its line', () => {
  const line = [3, 100, 'no recovery target'];
  const ended = [...historyEnding([line]), ...historyEnding([line, [5, 100, 'x', '', 'a']])];
  const own = [5, 100, expect.any(String), '', 'a'];
  expect(ended).toEqual([{ kind: 'end-history', key: 5, revision: 7, lines: [line, own] }]);
});

test('else it is left to Patroni: before its line is there, and where no number was passed over', () => {
  expect(historyEnding([])).toEqual([]);
  expect(historyEnding([[2, 50, 'x']])).toEqual([]);
  expect(historyEnding([[3, 100, 'x']], 5)).toEqual([]);
  expect(historyEnding([[5, 100, 'x']], 5)).toEqual([]);
});

/** Of a site that leads timeline 6, a child of 3, or of what is said. */
function historyEnding(history: View['patroni']['history'], parent = 3) {
  const begun = emptyView(9, {});
  const promotions = [{ site: 'a', timeline: 6, parent }];
  const leader = { site: 'a', lease: '1', revision: 5 };
  const timeline = Number(history.at(-1)?.[0] ?? 0) + 1;
  const view: View = {
    ...begun,
    timelines: { given: 6, promotions, acknowledging: null, revision: 8 },
    patroni: { ...begun.patroni, leader, history, historyRevision: 7, timeline },
  };
  const state = {
    ...start(selfAt('a'), 0),
    view,
    leader: { revision: 4, until: 9_000 },
    ledTimeline: 6,
  };
  const turn: Turn = { state, effects: [], now: 1_000, timings: TIMINGS };
  noteTimeline(turn);
  return turn.effects.flatMap((effect) => (effect.kind === 'end-history' ? [effect] : []));
}
