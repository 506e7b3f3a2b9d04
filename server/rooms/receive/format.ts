import type { Event } from '../../protocol/event.ts';
import { eventIdOf } from '../../protocol/hashes.ts';
import {
  type EventId,
  type Parsed,
  parseEventId,
  type RoomId,
} from '../../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
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

/** By which whoever sent it is told what became of it, though it is no event. */
export function idAnyhow(
  pdu: JsonObject,
  { rules }: { readonly rules: RoomVersionRules },
): EventId | undefined {
  try {
    const parsed = parseEventId(eventIdOf(pdu, rules));
    return parsed.ok ? parsed.value : undefined;
  } catch {
    // It cannot be hashed: nor can its sender know an id of it.
    return undefined;
  }
}
