import { expect, test } from 'vitest';
import { emptyView } from '../../test/support/empty-view.ts';
import { selfAt } from '../../test/support/self.ts';
import { start } from './state.ts';
import { TIMINGS } from './timings.ts';
import type { Turn } from './turn.ts';
import { countUnwell } from './unwell.ts';

test('what was amiss is forgotten where the primary is no longer here', () => {
  const state = start(selfAt('a'), 0);
  const unwell = { debtMs: 9_000, at: 100, why: 'it fell', obeys: true, falls: 3 };
  const turn: Turn = {
    state: { ...state, unwell, view: emptyView(5, {}) },
    effects: [],
    now: 200,
    timings: TIMINGS,
  };
  countUnwell(turn);
  expect(turn.state.unwell).toMatchObject({ debtMs: 0, falls: 0 });
});
