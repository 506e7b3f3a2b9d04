import { parsedIn, parseRoomId, type RoomId, type UserId } from '../../protocol/identifiers.ts';
import { isObject } from '../../protocol/json.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { Building } from '../write/building.ts';
import { gather } from '../write/gather.ts';
import type { MembershipChange } from './membership.ts';

/**
 * Who joins the room that replaced one of theirs takes along what they said of that for themselves.
 * Before the join, so that it is there when the join is: to say it of a room that then refuses does no
 * harm. The old room must name the new one, too, or any room could call itself somebody's favourite.
 */
export async function followPredecessor(
  building: Building,
  room: HotRoom,
  { target, sender }: MembershipChange,
): Promise<void> {
  const { followRoom } = building.ports;
  if (!followRoom || target !== sender) return;
  const own = await building.userRooms.of(target);
  const from = await predecessorOf(building, room, target);
  if (from === undefined || own.get(room.roomId)?.membership === 'join') return;
  const before = own.get(from);
  if (before && !before.forgotten && (await successorOf(building, from, target)) === room.roomId)
    await followRoom(target, { from, to: room.roomId });
}

async function predecessorOf(
  building: Building,
  room: HotRoom,
  userId: UserId,
): Promise<RoomId | undefined> {
  const { predecessor } = (await contentOf(building, room, userId, 'm.room.create')) ?? {};
  return isObject(predecessor) ? parsedIn(predecessor.room_id, parseRoomId) : undefined;
}

async function successorOf(
  building: Building,
  roomId: RoomId,
  userId: UserId,
): Promise<RoomId | undefined> {
  const room = await building.rooms.get(roomId);
  const tombstone = room && (await contentOf(building, room, userId, 'm.room.tombstone'));
  return parsedIn(tombstone?.replacement_room, parseRoomId);
}

async function contentOf(building: Building, room: HotRoom, sender: UserId, type: string) {
  const draft = { sender, type, stateKey: '', content: {} };
  const state = await gather(room, draft, { store: building.ports.store, keys: building.keys });
  return state.get(type, '')?.content;
}
