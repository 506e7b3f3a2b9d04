import type { EventId } from '../identifiers.ts';
import { type Conflict, type StateMap, separate } from './conflict.ts';
import type { ResolvedRoom, Steps } from './steps.ts';
import { resolveV1 } from './v1.ts';
import { resolveV2 } from './v2.ts';

/**
 * The *resolution* of a set of states, by the algorithm of the room's version. The order of the
 * states does not matter. See `Steps` for how to run it, and `answering.ts` for who has his
 * events at hand.
 */
export function* resolveState(
  states: readonly StateMap[],
  room: ResolvedRoom,
): Steps<ReadonlyMap<string, EventId>> {
  const conflict = separate(states, room.rules);
  const resolved = yield* resolveConflict(conflict, room);
  for (const [key, id] of resolved) conflict.unconflicted.set(key, id);
  return conflict.unconflicted;
}

/**
 * The same for who knows already where the states differ, as one does who keeps states as differences:
 * only the entries that are to be added to the unconflicted ones. Costs what the conflict costs,
 * however large the room is.
 */
export function* resolveConflict(conflict: Conflict, room: ResolvedRoom): Steps<StateMap> {
  if (conflict.conflicted.every((state) => state.size === 0)) return new Map();
  return yield* room.rules.stateResolution === 'v1'
    ? resolveV1(conflict, room)
    : resolveV2(conflict, room);
}
