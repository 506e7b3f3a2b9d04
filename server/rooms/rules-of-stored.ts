import type { RoomId } from '../protocol/identifiers.ts';
import { type RoomVersionRules, rulesOf } from '../protocol/room-versions.ts';

/** No room of a version that this server does not know can have been stored. */
export function rulesOfStored(room: { roomId: RoomId; version: string }): RoomVersionRules {
  const rules = rulesOf(room.version);
  if (!rules) throw new Error(`Room ${room.roomId} has the unknown version ${room.version}`);
  return rules;
}
