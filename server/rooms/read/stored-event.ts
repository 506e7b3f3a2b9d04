import { canonicalJson } from '../../protocol/canonical-json.ts';
import type { Event } from '../../protocol/event.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { restoreEvent } from '../../protocol/parse-event.ts';
import { numberOf, parseJson } from '../../protocol/parse-json.ts';
import { redact } from '../../protocol/redaction.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import { clientMembers, redactedBecauseMember, replacedMembers } from '../client-members.ts';
import { originOf, type RoomEvent } from '../room-event.ts';
import type { StoredEvent } from '../store.ts';

/** A stored event as readers see it: redacted if it was, and with what it replaced. */
export function roomEventOf(stored: StoredEvent, rules: RoomVersionRules): RoomEvent {
  const pdu = visiblePdu(stored, rules);
  return {
    ...namesOf(stored),
    type: pdu.type as string,
    sender: pdu.sender as UserId,
    stateKey: pdu.state_key as string | undefined,
    originServerTs: numberOf(pdu.origin_server_ts) ?? 0,
    content: contentOf(pdu),
    members: clientMembers(stored.eventId, pdu),
    unsigned: unsignedOf(stored, rules),
  };
}

/** The same as servers send it to each other: what a client asks for that checks signatures itself. */
export function federationForm(
  event: RoomEvent,
  stored: StoredEvent,
  rules: RoomVersionRules,
): RoomEvent {
  const pdu =
    stored.redactionId === null && !event.isErased
      ? stored.json
      : canonicalJson(
          redact(pduIn(stored.json, rules), rules),
          rules.strictCanonicalJson ? 'strict' : 'as-found',
        );
  const named = rules.eventIdForm === 'given' ? '' : `,"event_id":${JSON.stringify(event.eventId)}`;
  return { ...event, members: `${pdu.slice(1, -1)}${named}` };
}

/** A stored event as the auth rules read it. */
export const parsedEventOf = (stored: StoredEvent, rules: RoomVersionRules): Event =>
  restoreEvent({ ...stored, pdu: visiblePdu(stored, rules) }, rules);

/** The event's PDU, without what a redaction took. */
export function visiblePdu(
  stored: Pick<StoredEvent, 'json' | 'redactionId'>,
  rules: RoomVersionRules,
): JsonObject {
  const pdu = pduIn(stored.json, rules);
  return stored.redactionId === null ? pdu : redact(pdu, rules);
}

/** Before version 6 events have numbers that JavaScript would change, and with them the hash. */
export const pduIn = (json: string, rules: RoomVersionRules): JsonObject =>
  (rules.strictCanonicalJson ? JSON.parse(json) : parseJson(json)) as JsonObject;

function namesOf(stored: StoredEvent) {
  return {
    roomId: stored.roomId,
    eventId: stored.eventId,
    nid: stored.nid,
    depth: stored.depth,
    position: stored.position ?? 0,
    replacesNid: stored.replacesNid ?? undefined,
    origin: originOf(stored),
    stateBefore: stored.stateBefore ?? undefined,
    stateAfter: stored.stateAfter ?? undefined,
  };
}

function unsignedOf(stored: StoredEvent, rules: RoomVersionRules): string {
  const members: string[] = [];
  if (stored.redactionId !== null && stored.redactionJson !== null) {
    const redaction = pduIn(stored.redactionJson, rules);
    members.push(redactedBecauseMember(clientMembers(stored.redactionId, redaction)));
  }
  if (stored.replacesId !== null && stored.replacesJson !== null) {
    const pdu = pduIn(stored.replacesJson, rules);
    const content = contentOf(stored.replacesRedacted ? redact(pdu, rules) : pdu);
    members.push(replacedMembers({ eventId: stored.replacesId, content }));
  }
  return members.join(',');
}

const contentOf = ({ content }: { content?: JsonValue }): JsonObject =>
  isObject(content) ? content : {};
