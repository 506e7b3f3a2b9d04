import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { forbidden, MatrixError } from '../../protocol/matrix-error.ts';
import { restrictedEntry } from '../membership/restricted-join.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { Building } from '../write/building.ts';

/** By whose power somebody of another server joins a restricted room, or why not through this server. */
export async function authorisedContent(
  building: Building,
  room: HotRoom,
  userId: UserId,
): Promise<JsonObject> {
  const entry = await restrictedEntry(building, room, userId);
  switch (entry.kind) {
    case 'not needed':
      return {};
    case 'authorised':
      return { join_authorised_via_users_server: entry.by };
    case 'nobody to invite':
      throw new MatrixError(400, 'M_UNABLE_TO_GRANT_JOIN', 'Nobody of this server may invite');
    default:
      if (await knowsAll(building, entry.allowed))
        throw forbidden('They are in none of the rooms whose members may join');
      throw new MatrixError(
        400,
        'M_UNABLE_TO_AUTHORISE_JOIN',
        'This server does not know who is in all of the rooms whose members may join',
      );
  }
}

/** Whoever sets the rule names as many rooms as there is space for. */
const ROOMS_LOOKED_FOR_MAX = 20;

async function knowsAll({ ports }: Building, roomIds: readonly string[]): Promise<boolean> {
  for (const roomId of roomIds.slice(0, ROOMS_LOOKED_FOR_MAX))
    if ((await ports.store.isRoomPublished(roomId as RoomId)) === undefined) return false;
  return roomIds.length <= ROOMS_LOOKED_FOR_MAX;
}
