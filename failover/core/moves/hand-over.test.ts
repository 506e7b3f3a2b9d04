import { expect, test } from 'vitest';
import { emptyView } from '../../../test/support/empty-view.ts';
import { selfAt } from '../../../test/support/self.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import type { Turn } from '../turn.ts';
import type { View } from '../view.ts';
import { handOver } from './hand-over.ts';

test('a wish is acted upon once, whatever came of it; another one anew', () => {
  const asked = look(leading({ revision: 70 }));
  expect(asked.effects.map(({ kind }) => kind)).toEqual(['hand-over']);
  const ended = { ...asked.state, pending: {} };
  expect(look(ended).effects).toEqual([]);
  expect(look({ ...ended, view: viewOf({ revision: 71 }) }).effects).toHaveLength(1);
});

test('one that names who may lack something is taken back, once', () => {
  const asked = look(leading({ to: 'x', revision: 70 }));
  expect(asked.effects).toEqual([{ kind: 'cancel-switchover', lease: '7', failover: 70 }]);
  expect(look({ ...asked.state, pending: {} }).effects).toEqual([]);
});

interface Wish {
  readonly to?: string;
  readonly revision: number;
}

function look(state: State): Turn {
  const turn: Turn = { state, effects: [], now: 1_000, timings: TIMINGS };
  handOver(turn);
  return turn;
}

const leading = (wish: Wish): State => ({ ...start(selfAt('a'), 0), view: viewOf(wish) });

function viewOf({ to = 'b', revision }: Wish): View {
  const view = emptyView(9, {});
  const patroni = {
    leader: { site: 'a', lease: '7', revision: 5 },
    sync: { leader: 'a', standbys: ['b', 'c'], revision: 2 },
    failover: { from: 'a', to, revision },
  };
  return { ...view, patroni: { ...view.patroni, ...patroni } };
}
