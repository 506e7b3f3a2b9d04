import { authEventKeys } from '../auth-events.ts';
import { type Event, stateKeyOf } from '../event.ts';
import type { RoomVersionRules } from '../room-versions.ts';
import { ALLOWED, refused, type Verdict } from './verdict.ts';

/**
 * "Considering the event's auth_events" (rule 2, from version 12 on rule 3): the one group that looks
 * at what the event itself names and not at a room state, so its verdict never changes and it is
 * asked once, on receipt. `authEvents` has an event for each entry of the list, in any order.
 */
export const checkAuthEvents = (
  event: Event,
  authEvents: readonly StateOrOther[],
  rules: RoomVersionRules,
): Verdict => {
  if (event.type === 'm.room.create') return ALLOWED;
  const selected = new Set(authEventKeys(event, rules).map(([type, key]) => stateKeyOf(type, key)));
  const seen = new Set<string>();
  for (const authEvent of authEvents) {
    const verdict = checkAuthEvent(event, authEvent, { selected, seen });
    if (!verdict.allowed) return verdict;
  }
  return rules.createIsRoomId || seen.has(CREATE)
    ? ALLOWED
    : refused('auth-events.create', 'there is no m.room.create among the auth events');
};

/** As far as it is looked at. */
type StateOrOther = Pick<Event, 'eventId' | 'roomId' | 'type' | 'stateKey' | 'rejected'>;

const CREATE = stateKeyOf('m.room.create', '');

const checkAuthEvent = (
  event: Event,
  authEvent: StateOrOther,
  { selected, seen }: { readonly selected: ReadonlySet<string>; readonly seen: Set<string> },
): Verdict => {
  const { eventId, type, stateKey } = authEvent;
  const key = stateKey === undefined ? undefined : stateKeyOf(type, stateKey);
  if (key === undefined || !selected.has(key)) {
    return refused('auth-events.superfluous', `${eventId} (${type}) does not authorize this event`);
  }
  if (seen.has(key)) {
    return refused(
      'auth-events.duplicate',
      `${eventId} is a second ${type} for the same state key`,
    );
  }
  seen.add(key);
  if (authEvent.rejected) {
    return refused('auth-events.rejected', `the auth event ${eventId} was itself rejected`);
  }
  return authEvent.roomId === event.roomId
    ? ALLOWED
    : refused('auth-events.room', `the auth event ${eventId} is of another room`);
};
