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

export interface SeparatedStates extends Conflict {
  readonly unconflicted: Map<string, EventId>;
  readonly conflicted: readonly Map<string, EventId>[];
}

/** The one step that looks at every entry of every state. */
export const separate = (
  states: readonly StateMap[],
  { stateResolution }: RoomVersionRules,
): SeparatedStates => {
  const unconflicted = new Map<string, EventId>();
  const conflicted = states.map(() => new Map<string, EventId>());
  const isAgreed = stateResolution === 'v1' ? isNotContradicted : isEverywhere;
  const contested = new Set<string>();
  for (const state of states) {
    for (const [key, id] of state) {
      if (unconflicted.has(key) || contested.has(key)) continue;
      if (isAgreed(states, key, id)) unconflicted.set(key, id);
      else {
        contested.add(key);
        for (const [i, other] of states.entries()) copyEntry(key, other, conflicted[i]!);
      }
    }
  }
  return { unconflicted, conflicted };
};

/** Versions 2 and later: also who does not have the key is in conflict with those who have. */
const isEverywhere = (states: readonly StateMap[], key: string, id: EventId): boolean =>
  states.every((state) => state.get(key) === id);

/** Version 1: only different events for the same key are a conflict. */
const isNotContradicted = (states: readonly StateMap[], key: string, id: EventId): boolean =>
  states.every((state) => (state.get(key) ?? id) === id);

const copyEntry = (key: string, from: StateMap, to: Map<string, EventId>): void => {
  const id = from.get(key);
  if (id !== undefined) to.set(key, id);
};
