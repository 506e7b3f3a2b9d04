import { type EventId, parseEventId } from './identifiers.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { AUTH_EVENTS_MAX, PREV_EVENTS_MAX } from './limits.ts';
import type { RoomVersionRules } from './room-versions.ts';

/** The ids, of a PDU that `complaintAboutReferences` has passed. */
export const prevEventsOf = (pdu: JsonObject, rules: RoomVersionRules): readonly EventId[] =>
  idsOf(pdu.prev_events, rules);

export const authEventsOf = (pdu: JsonObject, rules: RoomVersionRules): readonly EventId[] =>
  idsOf(pdu.auth_events, rules);

export const complaintAboutReferences = (
  pdu: JsonObject,
  rules: RoomVersionRules,
): string | undefined =>
  complaintAboutList(pdu, 'prev_events', PREV_EVENTS_MAX, rules) ??
  complaintAboutList(pdu, 'auth_events', AUTH_EVENTS_MAX, rules);

/** Versions 1 and 2 have pairs of id and hash, later ones the id alone, which is a hash. */
const idsOf = (list: JsonValue | undefined, rules: RoomVersionRules): readonly EventId[] => {
  const entries = list as readonly JsonValue[];
  return entries.map((entry) => idOf(entry, rules) as EventId);
};

const idOf = (entry: JsonValue, rules: RoomVersionRules): JsonValue | undefined =>
  rules.eventIdForm === 'given' ? Array.isArray(entry) && entry[0] : entry;

const complaintAboutList = (
  pdu: JsonObject,
  name: 'prev_events' | 'auth_events',
  countMax: number,
  rules: RoomVersionRules,
): string | undefined => {
  const list = pdu[name];
  if (!Array.isArray(list)) return `${name} is not a list`;
  if (list.length > countMax) return `${name} has more than ${countMax} entries`;
  for (const entry of list) {
    const id = idOf(entry, rules);
    const parsed = typeof id === 'string' ? parseEventId(id) : undefined;
    if (!parsed?.ok) return `${name}: ${parsed?.reason ?? 'an entry is no event id'}`;
  }
  return undefined;
};
