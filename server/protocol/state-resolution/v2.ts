import type { Event } from '../event.ts';
import { conflictedSubgraph } from './auth-chain.ts';
import { authDifference } from './auth-difference.ts';
import type { Conflict, StateMap } from './conflict.ts';
import { checkIteratively } from './iterative-auth-checks.ts';
import { KnownEvents } from './known-events.ts';
import { orderByMainline } from './mainline-ordering.ts';
import { PartialState } from './partial-state.ts';
import { orderByPower } from './power-ordering.ts';
import type { ResolvedRoom, Steps } from './steps.ts';

/** State resolution of room versions 2 to 11, and of 12, where it has the name v2.1. */
export function* resolveV2(conflict: Conflict, room: ResolvedRoom): Steps<StateMap> {
  const known = new KnownEvents(room);
  const fullConflictedSet = yield* fullConflictedSetOf(conflict, known, room);
  const base = room.rules.stateResolution === 'v2.1' ? EMPTY : conflict.unconflicted;
  const state = new PartialState(base, known, room);
  const authEvents = fullConflictedSet.flatMap((event) => event.authEvents);
  yield* known.learn([...state.idsReadFor(fullConflictedSet), ...authEvents]);

  const powerEvents = orderByPower(fullConflictedSet, known, room);
  checkIteratively(powerEvents, state, known, room);

  const picked = new Set(powerEvents);
  const others = fullConflictedSet.filter((event) => !picked.has(event));
  const powerLevels = state.get('m.room.power_levels', '');
  checkIteratively(yield* orderByMainline(others, powerLevels, known), state, known, room);
  return withoutUnconflicted(state, conflict);
}

const EMPTY: StateMap = new Map();

/** Without what nobody knows: other servers leave that out too. */
function* fullConflictedSetOf(
  conflict: Conflict,
  known: KnownEvents,
  room: ResolvedRoom,
): Steps<Event[]> {
  const conflicted = new Set(conflict.conflicted.flatMap((state) => [...state.values()]));
  const ids = new Set([...conflicted, ...(yield* authDifference(conflict, known))]);
  if (room.rules.stateResolution === 'v2.1') {
    for (const id of yield* conflictedSubgraph(conflicted, known)) ids.add(id);
  }
  return [...ids].flatMap((id) => known.get(id) ?? []);
}

/** Step 5: whatever was decided meanwhile, an unconflicted entry stays what it was. */
const withoutUnconflicted = (state: PartialState, { unconflicted }: Conflict): StateMap =>
  new Map([...state.decided].filter(([key]) => unconflicted.get(key) === undefined));
