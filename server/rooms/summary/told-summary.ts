import { parsedIn, parseRoomId } from '../../protocol/identifiers.ts';
import { isObject, type JsonValue } from '../../protocol/json.ts';
import { type RoomSummary, textOf } from './room-summary.ts';

const ALLOWED_MAX = 100;

/** What another server tells of a room (`PublishedRoomsChunk`, `RoomSummary`): that of it which has a meaning, and no more. */
export function toldSummary(told: JsonValue | undefined): RoomSummary | undefined {
  if (!isObject(told)) return undefined;
  const roomId = parsedIn(told.room_id, parseRoomId);
  if (!roomId) return undefined;
  return {
    roomId,
    version: textOf(told.room_version),
    joinedCount: countIn(told.num_joined_members),
    name: textOf(told.name),
    topic: textOf(told.topic),
    canonicalAlias: textOf(told.canonical_alias),
    avatarUrl: textOf(told.avatar_url),
    roomType: textOf(told.room_type),
    encryption: textOf(told.encryption),
    // "When not present, the room is assumed to be `public`."
    joinRule: textOf(told.join_rule) ?? 'public',
    allowedRoomIds: textsIn(told.allowed_room_ids),
    worldReadable: told.world_readable === true,
    guestCanJoin: told.guest_can_join === true,
  };
}

const countIn = (value: JsonValue | undefined): number =>
  Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;

const textsIn = (list: JsonValue | undefined): string[] =>
  (Array.isArray(list) ? list : []).slice(0, ALLOWED_MAX).flatMap((each) => textOf(each) ?? []);
