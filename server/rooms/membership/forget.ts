import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import type { Origin } from '../draft.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { changeRoom } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import { RoomChangedMeanwhile } from '../write/moved-meanwhile.ts';
import { roomKey } from '../write/room-change.ts';
import type { RoomMembership } from './membership.ts';

/** Lets a user's past in a room go out of sight. Who was never there has nothing to forget. */
export function forgetRoom(
  building: Building,
  roomId: RoomId,
  userId: UserId,
  origin: Origin<RoomId>,
): Promise<void> {
  return changeRoom(building.rooms, roomId, async (room) => {
    await room.settled;
    const own = (await building.userRooms.of(userId)).get(roomId);
    if (!own || own.forgotten) return;
    if (isOnItsWay(building, room, userId)) throw new RoomChangedMeanwhile();
    if (own.membership !== 'leave' && own.membership !== 'ban')
      throw new MatrixError(400, 'M_UNKNOWN', `${userId} is still in the room`);
    await commit(building, room, own, { userId, origin });
  });
}

/** A membership of theirs that is not committed yet would be overwritten by the row of this one. */
function isOnItsWay({ keys }: Building, room: HotRoom, userId: UserId): boolean {
  const key = keys.find('m.room.member', userId);
  const isBehind = key && room.head.stateEventNid(key.keyNid) !== room.state.get(key.keyNid);
  return room.isDropped || isBehind === true;
}

function commit(
  { ports }: Building,
  { nid, roomId }: HotRoom,
  { membership, position }: RoomMembership,
  { userId, origin }: { userId: UserId; origin: Origin<RoomId> },
): Promise<void> {
  const entry = { userId, roomNid: nid, membership, position, since: undefined };
  return ports.log.commit((next) => ({
    value: undefined,
    change: {
      rows: [ports.store.rows.membership({ ...entry, forgotten: true })],
      records: [{ position: next(), record: { kind: 'forget', roomId, userId } }],
      outcome: origin.outcome?.(roomId),
      touches: [roomKey(roomId)],
    },
  }));
}
