import type { Event } from './event.ts';
import type { Parsed } from './identifiers.ts';
import type { JsonObject } from './json.ts';
import { isSurelyLonger } from './json-length.ts';
import { EVENT_BYTES_MAX } from './limits.ts';
import { parseEvent, TOO_LARGE } from './parse-event.ts';
import type { RoomVersionRules } from './room-versions.ts';
import { type SigningKey, signedEvent } from './signatures.ts';

/**
 * The event of ours that this becomes: hashed, signed, and checked as one of others is. What is surely too large is not
 * written for that: a megabyte of keys would hold everybody up for 100 ms. Throws CanonicalJsonError where there is no
 * canonical form of it, and so no hash.
 */
export function ownEvent(
  pdu: JsonObject,
  rules: RoomVersionRules,
  serverName: string,
  key: SigningKey,
): Parsed<Event> {
  if (isSurelyLonger(pdu, EVENT_BYTES_MAX)) return { ok: false, reason: TOO_LARGE };
  const { pdu: signed, covered } = signedEvent(pdu, rules, serverName, key);
  return parseEvent(signed, rules, covered);
}
