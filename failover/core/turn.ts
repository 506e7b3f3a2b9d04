import type { Effect } from './effects.ts';
import type { Pending } from './inputs.ts';
import type { Awaiting } from './state/decided.ts';
import type { State } from './state.ts';
import type { Millis, Timings } from './timings.ts';

/** One step in the making: each rule replaces the state and adds effects. Leaves `step` as a value. */
export interface Turn {
  state: State;
  readonly effects: Effect[];
  readonly now: Millis;
  readonly timings: Timings;
}

/** Adapters answer within their deadline; this is for an answer that got lost between them and us. */
const LOST_AFTER_MS: Partial<Record<Pending, Millis>> = {
  // Conditional, so that a second one does no harm; and 6 s pass quickly.
  'claim leader': 400,
  'claim address': 400,
  'note-timeline': 400,
  switchover: 65_000,
  'hand-over': 30_000,
  nominate: 10_000,
  depose: 10_000,
  relieve: 10_000,
  reinitialize: 45_000,
  'make-room-in-etcd': 300_000,
};
const OTHERS_LOST_AFTER_MS = 5_000;

export function isPending(turn: Turn, what: Pending): boolean {
  const since = turn.state.pending[what];
  if (since === undefined) return false;
  return turn.now - since < (LOST_AFTER_MS[what] ?? OTHERS_LOST_AFTER_MS);
}

/** Asks for the effect unless the same is still under way, or has only just come to nothing. */
export function ask(turn: Turn, what: Pending, effect: Effect): boolean {
  if (isPending(turn, what) || rests(turn, what)) return false;
  update<Awaiting>(turn, { pending: { ...turn.state.pending, [what]: turn.now } });
  turn.effects.push(effect);
  return true;
}

/** What a rule remembers, in the part of the state that it owns and names. */
export function update<Part extends Partial<State> = never>(
  turn: Turn,
  change: NoInfer<Partial<Part>>,
): void {
  turn.state = { ...turn.state, ...change };
}

/** An operator's is never left unanswered, and the others are held down. */
const rests = ({ state, now }: Turn, what: Pending): boolean =>
  what !== 'switchover' && now < (state.notBefore[what] ?? now);

/** What is refused is refused at once, and what caused it is there still: each answer would be a new question. */
const AGAIN_AFTER_MS = 200;

/** It has ended, well or not. `changed`: what came of it has been seen. */
export function ended(
  { pending, notBefore }: State,
  what: Pending,
  changed: boolean,
  now: Millis,
): Partial<Awaiting> {
  const { [what]: _, ...others } = pending;
  const { [what]: __, ...free } = notBefore;
  return {
    pending: others,
    notBefore: changed ? free : { ...free, [what]: now + AGAIN_AFTER_MS },
  };
}
