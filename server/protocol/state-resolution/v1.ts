import { createHash } from 'node:crypto';
import { authorize } from '../auth-rules/authorize.ts';
import type { AuthState } from '../auth-rules/verdict.ts';
import type { Event } from '../event.ts';
import type { EventId } from '../identifiers.ts';
import { append } from './append.ts';
import type { Conflict, StateMap } from './conflict.ts';
import { KnownEvents, keyOf } from './known-events.ts';
import { PartialState } from './partial-state.ts';
import type { ResolvedRoom, Steps } from './steps.ts';

/**
 * State resolution of room version 1, in passes over the types that authorize others, each pass on
 * what the ones before have decided; keys of one pass do not see each other's outcome, or the result
 * would hang on their order.
 */
export function* resolveV1(conflict: Conflict, room: ResolvedRoom): Steps<StateMap> {
  const known = new KnownEvents(room);
  const state = new PartialState(conflict.unconflicted, known, room);
  const groups = yield* conflictingEvents(conflict, known);
  yield* known.learn(state.idsReadFor(groups.flat()));
  for (const type of PASSES) {
    const ofPass = groups.filter(([first]) => first!.type === type);
    state.putAll(ofPass.map((events) => resolveAuthEvents(events, state, room)));
  }
  const others = groups.filter(([first]) => !PASSES.includes(first!.type));
  state.putAll(others.map((events) => resolveOthers(events, state, room)));
  return state.decided;
}

const PASSES = ['m.room.power_levels', 'm.room.join_rules', 'm.room.member'];

/** The events in conflict by key, by ascending depth, then by descending sha1(event_id). */
function* conflictingEvents({ conflicted }: Conflict, known: KnownEvents): Steps<Event[][]> {
  const ids = new Set(conflicted.flatMap((state) => [...state.values()]));
  yield* known.learn(ids);
  const groups = new Map<string, Event[]>();
  for (const id of ids) {
    const event = known.get(id);
    if (event !== undefined) append(groups, keyOf(event), event);
  }
  return [...groups.values()].map(byDepthAndHash);
}

const byDepthAndHash = (events: readonly Event[]): Event[] =>
  events
    .map((event) => ({ event, hash: sha1(event.eventId) }))
    .sort((a, b) => a.event.depth - b.event.depth || (a.hash < b.hash ? 1 : -1))
    .map(({ event }) => event);

const sha1 = (id: EventId): string => createHash('sha1').update(id).digest('hex');

/** From the first on, each that the one before it allows; the last before the first refusal stays. */
const resolveAuthEvents = (
  events: readonly Event[],
  state: AuthState,
  room: ResolvedRoom,
): Event => {
  let latest = events[0]!;
  for (const event of events.slice(1)) {
    if (!authorize(event, withEvent(state, latest), room.rules).allowed) break;
    latest = event;
  }
  return latest;
};

const withEvent = (state: AuthState, event: Event): AuthState => ({
  get: (type, stateKey) =>
    type === event.type && stateKey === event.stateKey ? event : state.get(type, stateKey),
});

/** The deepest that is allowed. Where none is, the least deep, as peers have it: a key is not lost. */
const resolveOthers = (events: readonly Event[], state: AuthState, room: ResolvedRoom): Event =>
  events.findLast((event) => authorize(event, state, room.rules).allowed) ?? events[0]!;
