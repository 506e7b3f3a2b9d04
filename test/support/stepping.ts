import type { Effect } from '../../failover/core/effects.ts';
import type { Input } from '../../failover/core/inputs.ts';
import { step } from '../../failover/core/machine.ts';
import { type Self, type State, start } from '../../failover/core/state.ts';
import { TIMINGS } from '../../failover/core/timings.ts';

/** The machine of one site, its state, and what it wanted done upon the last input. */
export function steppingAs(self: Self) {
  let state: State = start(self, 0);
  let effects: readonly Effect[] = [];
  return {
    get state() {
      return state;
    },
    get effects() {
      return effects;
    },
    take(input: Input, now: number) {
      ({ state, effects } = step(state, input, now, TIMINGS));
    },
  };
}
