import { parsedIn, parseRoomId, type RoomId, type UserId } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../../protocol/json.ts';
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
  change: MembershipChange,
): Promise<void> {
  if (!building.ports.followRoom) return;
  const create = await contentOf(building, room, change.target, 'm.room.create');
  await followInto(building, { roomId: room.roomId, create }, change);
}

/** The same, of a room that may not be here yet. */
export async function followInto(
  building: Building,
  { roomId: to, create }: { roomId: RoomId; create: JsonObject | undefined },
  { target, sender }: MembershipChange,
): Promise<void> {
  const { followRoom } = building.ports;
  if (!followRoom || target !== sender) return;
  const from = predecessorIn(create);
  const own = await building.userRooms.of(target);
  if (from === undefined || own.get(to)?.membership === 'join') return;
  const before = own.get(from);
  if (before && !before.forgotten && (await successorOf(building, from, target)) === to)
    await followRoom(target, { from, to });
}

const predecessorIn = (create: JsonObject | undefined): RoomId | undefined =>
  isObject(create?.predecessor) ? parsedIn(create.predecessor.room_id, parseRoomId) : undefined;

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
