import type { Event } from '../event.ts';
import { type EventId, serverNameOfEventId } from '../identifiers.ts';
import { levelFor, powerLevelOf } from '../power-levels.ts';
import type { RoomVersionRules } from '../room-versions.ts';
import { ALLOWED, type AuthState, refused, type Verdict } from './verdict.ts';

/**
 * Rule 11 of versions 1 and 2. From version 3 on the rules let every redaction pass, and whether it
 * takes effect is found out when both events are there ("Handling redactions").
 */
export const checkRedaction = (
  event: Event,
  state: AuthState,
  rules: RoomVersionRules,
): Verdict => {
  if (powerLevelOf(event.sender, state, rules) >= levelFor('redact', state, rules)) return ALLOWED;
  return event.redacts !== undefined && areOfOneServer(event.eventId, event.redacts)
    ? ALLOWED
    : refused('redaction', 'the sender may redact events of their own server only');
};

const areOfOneServer = (one: EventId, other: EventId): boolean => {
  const server = serverNameOfEventId(one);
  return server !== undefined && server === serverNameOfEventId(other);
};
