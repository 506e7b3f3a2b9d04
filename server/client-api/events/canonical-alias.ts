import { invalidParam, MatrixError } from '../../http/matrix-error.ts';
import { parseRoomAlias, type RoomAlias, type RoomId } from '../../protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { aliasesIn } from '../../rooms/create/refuse-creation.ts';
import type { Rooms } from '../../rooms/rooms.ts';

/**
 * Aliases that come anew into `m.room.canonical_alias` must lead to the room (setRoomStateWithKey).
 * Those that are there already are not looked at, so that a dead one does not block the others.
 */
export async function refuseWrongAliases(
  rooms: Pick<Rooms, 'open' | 'resolveAlias'>,
  roomId: RoomId,
  content: JsonObject,
): Promise<void> {
  const room = await rooms.open(roomId);
  const before = await room?.stateEvent('m.room.canonical_alias', '');
  const known = new Set(before ? aliasesIn(before.content) : []);
  for (const text of aliasesIn(content)) {
    if (known.has(text)) continue;
    const found = await rooms.resolveAlias(parsed(text));
    if (found?.roomId !== roomId)
      throw new MatrixError(400, 'M_BAD_ALIAS', `${text} does not point to this room`);
  }
}

function parsed(value: JsonValue): RoomAlias {
  const alias = typeof value === 'string' ? parseRoomAlias(value) : undefined;
  if (!alias?.ok) throw invalidParam(alias?.reason ?? 'an alias is a string');
  return alias.value;
}
