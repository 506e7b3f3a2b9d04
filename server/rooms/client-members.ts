import type { EventId, UserId } from '../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../protocol/json.ts';
import type { RoomEvent } from './room-event.ts';

/**
 * The members of an event's client form that are the same for every reader, as JSON text without
 * braces. A redaction says whom it redacts both at the top level and in the content, whatever the
 * room version (rooms/v11, "Moving the redacts property"), for older and for newer clients.
 */
export function clientMembers(eventId: EventId, pdu: JsonObject): string {
  const { content, origin_server_ts, sender, state_key, type } = pdu;
  const redacts = type === 'm.room.redaction' ? redactsOf(pdu) : undefined;
  const shown = redacts === undefined ? content : { ...(content as JsonObject), redacts };
  return JSON.stringify({
    content: shown,
    event_id: eventId,
    origin_server_ts,
    redacts,
    sender,
    state_key,
    type,
  }).slice(1, -1);
}

/** Members of `unsigned` by which clients show what a state event changed. */
export function replacedMembers(replaced: Replaced): string {
  const { eventId, content, sender } = replaced;
  const members = { prev_content: content, prev_sender: sender, replaces_state: eventId };
  return JSON.stringify(members).slice(1, -1);
}

interface Replaced {
  readonly eventId: EventId;
  readonly content: JsonObject;
  /** Not in the specification: clients show by it who had invited whoever joins. */
  readonly sender: UserId;
}

/** What a redaction took from a state event may not live on in the event that replaced it. */
export function withPrevContentOf(event: RoomEvent, redacted: RoomEvent): RoomEvent {
  if (event.replacesNid !== redacted.nid) return event;
  const unsigned = { ...JSON.parse(`{${event.unsigned}}`), prev_content: redacted.content };
  return { ...event, unsigned: JSON.stringify(unsigned).slice(1, -1) };
}

/** The first of `unsigned`, if it is there at all: what stands behind it is up to clients. */
export const redactedBecauseMember = (redactionMembers: string): string =>
  `${REDACTED_BECAUSE}{${redactionMembers}}`;

export const isRedacted = ({ unsigned }: RoomEvent): boolean =>
  unsigned.startsWith(REDACTED_BECAUSE);

const REDACTED_BECAUSE = '"redacted_because":';

const redactsOf = ({ redacts, content }: JsonObject) =>
  redacts ?? (isObject(content) ? content.redacts : undefined);
