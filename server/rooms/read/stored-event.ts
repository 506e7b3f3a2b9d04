import { canonicalJson } from '../../protocol/canonical-json.ts';
import type { Event } from '../../protocol/event.ts';
import type { EventId, UserId } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { restoreEvent } from '../../protocol/parse-event.ts';
import { numberOf, parseJson } from '../../protocol/parse-json.ts';
import { redact } from '../../protocol/redaction.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import { clientMembers, redactedBecauseMember, replacedMembers } from '../client-members.ts';
import { originOf, type RoomEvent } from '../room-event.ts';
import type { StoredEvent } from '../store.ts';

/** A stored event as readers see it: redacted if it was, and with what it replaced. */
export const roomEventOf = (stored: StoredEvent, rules: RoomVersionRules): RoomEvent =>
  eventAsSeen(parsedOf(stored, rules), rules);

/** An event as it was read, whichever way. */
export interface ParsedEvent
  extends Pick<RoomEvent, 'roomId' | 'eventId' | 'nid' | 'depth' | 'position'>,
    Pick<RoomEvent, 'stateBefore' | 'stateAfter' | 'origin' | 'replacesNid'>,
    Pick<RoomEvent, 'isAfterGap' | 'isRefused'> {
  readonly pdu: JsonObject;
  readonly replaced: (Named & { readonly isRedacted: boolean }) | undefined;
  /** What took effect on it. */
  readonly redaction: Named | undefined;
}

interface Named {
  readonly eventId: EventId;
  readonly pdu: JsonObject;
}

export function eventAsSeen(parsed: ParsedEvent, rules: RoomVersionRules): RoomEvent {
  const pdu = parsed.redaction === undefined ? parsed.pdu : redact(parsed.pdu, rules);
  return {
    roomId: parsed.roomId,
    eventId: parsed.eventId,
    nid: parsed.nid,
    depth: parsed.depth,
    position: parsed.position,
    replacesNid: parsed.replacesNid,
    origin: parsed.origin,
    stateBefore: parsed.stateBefore,
    stateAfter: parsed.stateAfter,
    ...(parsed.isAfterGap && { isAfterGap: true }),
    ...(parsed.isRefused && { isRefused: true }),
    type: pdu.type as string,
    sender: pdu.sender as UserId,
    stateKey: pdu.state_key as string | undefined,
    originServerTs: numberOf(pdu.origin_server_ts) ?? 0,
    content: contentOf(pdu),
    members: clientMembers(parsed.eventId, pdu),
    unsigned: unsignedOf(parsed, rules),
  };
}

/** The same as servers send it to each other: what a client asks for that checks signatures itself. */
export function federationForm(
  event: RoomEvent,
  stored: StoredEvent,
  rules: RoomVersionRules,
): RoomEvent {
  const pdu = pduText(stored, rules, event.isErased);
  const named = rules.eventIdForm === 'given' ? '' : `,"event_id":${JSON.stringify(event.eventId)}`;
  return { ...event, members: `${pdu.slice(1, -1)}${named}` };
}

/** As its sender's server signed it, or what a redaction leaves of it. */
export const pduText = (
  stored: Pick<StoredEvent, 'json' | 'redactionId'>,
  rules: RoomVersionRules,
  isHidden = false,
): string =>
  stored.redactionId === null && !isHidden
    ? stored.json
    : canonicalJson(
        redact(pduIn(stored.json, rules), rules),
        rules.strictCanonicalJson ? 'strict' : 'as-found',
      );

/** What the auth rules need of a stored event. */
export type EventText = Pick<StoredEvent, 'eventId' | 'json' | 'rejected' | 'redactionId'>;

/** A stored event as the auth rules read it. */
export const parsedEventOf = (stored: EventText, rules: RoomVersionRules): Event =>
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

export function parsedOf(stored: StoredEvent, rules: RoomVersionRules): ParsedEvent {
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
    isAfterGap: stored.isAfterGap,
    isRefused: stored.rejected || stored.softFailed,
    pdu: pduIn(stored.json, rules),
    replaced:
      stored.replacesId === null || stored.replacesJson === null
        ? undefined
        : {
            eventId: stored.replacesId,
            isRedacted: stored.replacesRedacted,
            pdu: pduIn(stored.replacesJson, rules),
          },
    redaction:
      stored.redactionId === null || stored.redactionJson === null
        ? undefined
        : { eventId: stored.redactionId, pdu: pduIn(stored.redactionJson, rules) },
  };
}

function unsignedOf({ redaction, replaced }: ParsedEvent, rules: RoomVersionRules): string {
  const members: string[] = [];
  if (redaction)
    members.push(redactedBecauseMember(clientMembers(redaction.eventId, redaction.pdu)));
  if (replaced) {
    const { eventId, isRedacted, pdu } = replaced;
    const content = contentOf(isRedacted ? redact(pdu, rules) : pdu);
    members.push(replacedMembers({ eventId, content, sender: pdu.sender as UserId }));
  }
  return members.join(',');
}

const contentOf = ({ content }: { content?: JsonValue }): JsonObject =>
  isObject(content) ? content : {};
