import { CanonicalJsonError, canonicalJson } from './canonical-json.ts';
import type { Event } from './event.ts';
import { authEventsOf, prevEventsOf } from './event-references.ts';
import { complaintAbout, hasRoomIdOfItsOwn, isOverlongInBytes } from './event-schema.ts';
import { freeze } from './freeze.ts';
import { eventIdOf, without } from './hashes.ts';
import {
  type EventId,
  type Parsed,
  parsedIn,
  parseEventId,
  type RoomId,
  type UserId,
} from './identifiers.ts';
import { isObject, type JsonObject } from './json.ts';
import { isSurelyLonger } from './json-length.ts';
import { DEPTH_MAX, EVENT_BYTES_MAX } from './limits.ts';
import { numberOf } from './parse-json.ts';
import { redact } from './redaction.ts';
import type { RoomVersionRules } from './room-versions.ts';

/**
 * The first of the checks on receipt: "is a valid event, otherwise it is dropped". Its `unsigned` is
 * left out: nobody vouches for it. What was given is frozen. Parse what comes from other servers by
 * `parseJson`, or old events with numbers that a double cannot hold get another hash. Of an event that was just signed
 * here the text is known that its reference hash is made of.
 */
export const parseEvent = (
  received: JsonObject,
  rules: RoomVersionRules,
  covered?: string,
): Parsed<Event> => {
  const pdu = 'unsigned' in received ? without(received, ['unsigned']) : received;
  const written = canonicalOf(pdu, rules);
  if (!written.ok) return written;
  const complaint = complaintAbout(pdu, rules);
  if (complaint !== undefined) return { ok: false, reason: complaint };
  const overlong = isOverlongInBytes(pdu);
  if (overlong && rules.strictByteLimits) {
    return { ok: false, reason: 'type or state_key has more than 255 bytes' };
  }
  const eventId = eventIdOf(pdu, rules, covered);
  // Of all that come at once from elsewhere it would be as much again as they are.
  const canonical = covered === undefined ? undefined : written.value;
  return { ok: true, value: eventFrom(pdu, eventId, rules, overlong, canonical) };
};

/** An event that was parsed before, from the store: nothing is checked or hashed again. */
export const restoreEvent = (
  stored: { readonly pdu: JsonObject; readonly eventId: EventId; readonly rejected: boolean },
  rules: RoomVersionRules,
): Event => eventFrom(stored.pdu, stored.eventId, rules, stored.rejected);

/** What is left after a redaction, or of an event whose content hash does not match. */
export const redactedEvent = (event: Event, rules: RoomVersionRules): Event =>
  eventFrom(redact(event.pdu, rules), event.eventId, rules, event.rejected);

export const rejectedEvent = (event: Event): Event => Object.freeze({ ...event, rejected: true });

export const TOO_LARGE = `the event has more than ${EVENT_BYTES_MAX} bytes`;

/** Also where the room version's rule on numbers is enforced, and lone surrogates are refused. */
const canonicalOf = (pdu: JsonObject, rules: RoomVersionRules): Parsed<string> => {
  // A megabyte of keys takes 40 ms to be put in order: whoever sends it would choose how long others wait.
  if (isSurelyLonger(pdu, EVENT_BYTES_MAX)) return { ok: false, reason: TOO_LARGE };
  try {
    const text = canonicalJson(pdu, rules.strictCanonicalJson ? 'strict' : 'as-found');
    if (Buffer.byteLength(text) > EVENT_BYTES_MAX) return { ok: false, reason: TOO_LARGE };
    return { ok: true, value: text };
  } catch (error) {
    if (error instanceof CanonicalJsonError) return { ok: false, reason: error.message };
    throw error;
  }
};

/** The casts are what `complaintAbout` has established. */
const eventFrom = (
  pdu: JsonObject,
  eventId: EventId,
  rules: RoomVersionRules,
  rejected: boolean,
  canonical?: string,
): Event =>
  Object.freeze({
    eventId,
    roomId: (hasRoomIdOfItsOwn(pdu, rules) ? pdu.room_id : `!${eventId.slice(1)}`) as RoomId,
    type: pdu.type as string,
    sender: pdu.sender as UserId,
    stateKey: pdu.state_key as string | undefined,
    content: pdu.content as JsonObject,
    prevEvents: Object.freeze(prevEventsOf(pdu, rules)),
    authEvents: Object.freeze(authEventsOf(pdu, rules)),
    depth: Math.min(numberOf(pdu.depth)!, DEPTH_MAX),
    originServerTs: safeInteger(numberOf(pdu.origin_server_ts)!),
    redacts: redactsOf(pdu, rules),
    rejected,
    pdu: freeze(pdu),
    canonical,
  });

/** Old rooms have floats and numbers beyond 2^53 here, which no column and no clock holds. */
const safeInteger = (value: number): number =>
  Math.trunc(Math.max(-Number.MAX_SAFE_INTEGER, Math.min(value, Number.MAX_SAFE_INTEGER)));

const redactsOf = (pdu: JsonObject, rules: RoomVersionRules): EventId | undefined => {
  if (pdu.type !== 'm.room.redaction' || !isObject(pdu.content)) return undefined;
  const redacts = rules.redactsInContent ? pdu.content.redacts : pdu.redacts;
  return parsedIn(redacts, parseEventId);
};
