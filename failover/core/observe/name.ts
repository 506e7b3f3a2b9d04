import { hasOwnName } from '../own-name.ts';
import type { Moves, NameSeen } from '../state/seen.ts';
import type { Self, State } from '../state.ts';
import { holdDownFor, type Millis, type Timings } from '../timings.ts';
import type { View } from '../view.ts';

/** Whose the site's name is. */
export function seeName(
  state: State,
  view: View,
  now: Millis,
  timings: Timings,
): Partial<NameSeen> {
  return {
    named: state.named || (hasOwnName(view, state.self) && state.self.site in view.machines),
    losses: state.view === null ? countLosses(view, state.self, now, timings) : state.losses,
  };
}

/**
 * F21: another start of this machine than the one before is a loss of the site. The time is counted from
 * here, since no clock says when it was; and anew by each process, but where the one before it, of the same start, had counted it out.
 */
function countLosses(view: View, self: Self, now: Millis, timings: Timings): Moves {
  const key = view.machines[self.site];
  const before = key?.machine === self.machine ? key : undefined;
  const count = before === undefined ? 0 : before.losses + (before.boot === self.boot ? 0 : 1);
  const isProven = before?.boot === self.boot && view.sites[self.site]?.report.unstable === 0;
  const heldUntil = count === 0 || isProven ? now : now + holdDownFor(count, timings);
  return { count, lastAt: now, heldUntil };
}
