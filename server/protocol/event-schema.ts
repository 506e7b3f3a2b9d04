import { complaintAboutReferences } from './event-references.ts';
import { parseGivenEventId, parseRoomId, parseUserId } from './identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from './json.ts';
import { FIELD_BYTES_MAX } from './limits.ts';
import { numberOf } from './parse-json.ts';
import type { RoomVersionRules } from './room-versions.ts';

/**
 * Why an object is no event of this room version, or undefined. Hashes and signatures are not asked
 * for here: they are judged where they are checked, and a missing one is a failed one.
 */
export const complaintAbout = (pdu: JsonObject, rules: RoomVersionRules): string | undefined =>
  complaintAboutField(pdu, 'type') ??
  (pdu.state_key === undefined ? undefined : complaintAboutField(pdu, 'state_key')) ??
  complaintAboutContent(pdu) ??
  complaintAboutIdentifiers(pdu, rules) ??
  complaintAboutInteger(pdu, 'origin_server_ts') ??
  complaintAboutDepth(pdu) ??
  complaintAboutReferences(pdu, rules);

/**
 * Before version 11 peers counted code points, not bytes. An event that is too long only in bytes
 * is in their history: it is kept as a rejected one, since a hole there would never be filled.
 */
export const isOverlongInBytes = (pdu: JsonObject): boolean =>
  isOverlong(pdu.type) || isOverlong(pdu.state_key);

/** The create event of a version 12 room has none; its id is the room's. */
export const hasRoomIdOfItsOwn = (pdu: JsonObject, rules: RoomVersionRules): boolean =>
  !(rules.createIsRoomId && pdu.type === 'm.room.create' && pdu.state_key === '');

const complaintAboutField = (pdu: JsonObject, name: string): string | undefined => {
  const text = pdu[name];
  if (typeof text !== 'string') return `${name} is not a string`;
  if (text.includes('\0')) return `${name} has U+0000, which no store of events can index`;
  return text.length > FIELD_BYTES_MAX && [...text].length > FIELD_BYTES_MAX
    ? `${name} has more than 255 bytes`
    : undefined;
};

const isOverlong = (text: JsonValue | undefined): boolean =>
  typeof text === 'string' &&
  text.length * 3 > FIELD_BYTES_MAX &&
  Buffer.byteLength(text) > FIELD_BYTES_MAX;

const complaintAboutContent = (pdu: JsonObject): string | undefined =>
  isObject(pdu.content) && numberOf(pdu.content) === undefined
    ? undefined
    : 'content is not an object';

const complaintAboutIdentifiers = (pdu: JsonObject, rules: RoomVersionRules): string | undefined =>
  complaintAboutId(pdu.sender, 'sender', parseUserId) ??
  (hasRoomIdOfItsOwn(pdu, rules)
    ? complaintAboutId(pdu.room_id, 'room_id', parseRoomId)
    : undefined) ??
  (rules.eventIdForm === 'given'
    ? complaintAboutId(pdu.event_id, 'event_id', parseGivenEventId)
    : undefined);

const complaintAboutId = (
  text: JsonValue | undefined,
  name: string,
  parse: (text: string) => { ok: true } | { ok: false; reason: string },
): string | undefined => {
  if (typeof text !== 'string') return `${name} is not a string`;
  const parsed = parse(text);
  return parsed.ok ? undefined : `${name}: ${parsed.reason}`;
};

const complaintAboutInteger = (pdu: JsonObject, name: string): string | undefined =>
  numberOf(pdu[name]) === undefined ? `${name} is not an integer` : undefined;

const complaintAboutDepth = (pdu: JsonObject): string | undefined => {
  const depth = numberOf(pdu.depth);
  if (depth === undefined || !Number.isInteger(depth)) return 'depth is not an integer';
  return depth < 0 || depth > 2 ** 63 ? 'depth is out of its range' : undefined;
};
