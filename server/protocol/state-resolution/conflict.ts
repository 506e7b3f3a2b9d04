import type { EventId } from '../identifiers.ts';
import type { RoomVersionRules } from '../room-versions.ts';

/** A room state: event ids by `stateKeyOf(type, state_key)`. */
export type StateMap = ReadonlyMap<string, EventId>;

/** What of a state is asked for here, so that a state kept in layers need not be copied together. */
export type StateView = Pick<StateMap, 'get' | 'values'>;

export interface Conflict {
  /** The *unconflicted state map*. */
  readonly unconflicted: StateView;
  /** Of each state, its entries that are in conflict: together the *conflicted state set*. */
  readonly conflicted: readonly StateMap[];
}

export interface SeparatedStates<Key, Id> {
  readonly unconflicted: Map<Key, Id>;
  readonly conflicted: readonly Map<Key, Id>[];
}

/**
 * The one step that looks at every entry of every state; the rest costs what the conflict costs. Keys
 * and events may go by numbers.
 */
export const separate = <Key, Id>(
  states: readonly ReadonlyMap<Key, Id>[],
  { stateResolution }: RoomVersionRules,
): SeparatedStates<Key, Id> => {
  const unconflicted = new Map<Key, Id>();
  const conflicted = states.map(() => new Map<Key, Id>());
  // Version 1: only different events for the same key are a conflict. Later: who does not have the
  // key is in conflict with those who have it.
  const mayLack = stateResolution === 'v1';
  for (const state of states) {
    const others = states.filter((other) => other !== state);
    for (const [key, id] of state) {
      if (areAgreed(others, key, id, mayLack)) unconflicted.set(key, id);
      else for (const [i, other] of states.entries()) copyEntry(key, other, conflicted[i]!);
    }
  }
  return { unconflicted, conflicted };
};

const areAgreed = <Key, Id>(
  others: readonly ReadonlyMap<Key, Id>[],
  key: Key,
  id: Id,
  mayLack: boolean,
): boolean => {
  for (const other of others) {
    const its = other.get(key);
    if (its !== id && !(mayLack && its === undefined)) return false;
  }
  return true;
};

const copyEntry = <Key, Id>(key: Key, from: ReadonlyMap<Key, Id>, to: Map<Key, Id>): void => {
  const id = from.get(key);
  if (id !== undefined) to.set(key, id);
};
