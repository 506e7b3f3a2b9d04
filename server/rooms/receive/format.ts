import type { Event } from '../../protocol/event.ts';
import type { Parsed, RoomId } from '../../protocol/identifiers.ts';
import { isObject, type JsonValue } from '../../protocol/json.ts';
import { parseEvent } from '../../protocol/parse-event.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';

/** "Is a valid event, otherwise it is dropped", and one of this room. */
export function parsePdu(
  pdu: JsonValue,
  room: { readonly roomId: RoomId; readonly rules: RoomVersionRules },
): Parsed<Event> {
  if (!isObject(pdu)) return { ok: false, reason: 'it is no object' };
  const parsed = parseEvent(pdu, room.rules);
  if (parsed.ok && parsed.value.roomId !== room.roomId)
    return { ok: false, reason: `it is of the room ${parsed.value.roomId}` };
  return parsed;
}
