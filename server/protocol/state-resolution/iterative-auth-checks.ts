import { authorize } from '../auth-rules/authorize.ts';
import type { AuthState } from '../auth-rules/verdict.ts';
import type { Event } from '../event.ts';
import type { KnownEvents } from './known-events.ts';
import type { PartialState } from './partial-state.ts';
import type { ResolvedRoom } from './steps.ts';

/**
 * The *iterative auth checks algorithm*: each event in turn becomes part of the state, if the state
 * so far allows it. An event rejected on receipt is judged anew like the others ("Rejected events").
 * The auth events of all, and what is read of the state (`idsReadFor`), are known by now.
 */
export const checkIteratively = (
  events: readonly Event[],
  state: PartialState,
  known: KnownEvents,
  room: ResolvedRoom,
): void => {
  for (const event of events) {
    if (authorize(event, stateFor(event, state, known), room.rules).allowed) state.put(event);
  }
};

/** What the state has not is taken from the event's own auth events, unless those were rejected. */
const stateFor = (event: Event, state: PartialState, known: KnownEvents): AuthState => ({
  get: (type, stateKey) => state.get(type, stateKey) ?? ownAuthEvent(event, type, stateKey, known),
});

const ownAuthEvent = (
  event: Event,
  type: string,
  stateKey: string,
  known: KnownEvents,
): Event | undefined => {
  const auth = known.authEventOf(event, type, stateKey);
  return auth?.rejected ? undefined : auth;
};
