import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { MembershipChange } from '../membership/membership.ts';
import type { Building } from '../write/building.ts';
import { isIn } from './known-outside.ts';

/** What needs all members of a room waits for them; where nobody of ours is in it any more there is nothing to wait for. */
export function onceWhole(
  building: Building,
  roomId: RoomId,
  who: { readonly userId: UserId; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  return building.partialRooms.whenWhole(roomId, () => isPartial(building, roomId), who);
}

/**
 * A room that was joined without its members may be whole in a moment, and nearly all are: then its user never sees it otherwise. They
 * are in it by now, whatever becomes of the rest.
 */
export async function soonWhole(building: Building, roomId: RoomId, userId: UserId): Promise<void> {
  const { ports, partialRooms } = building;
  try {
    await partialRooms.soonWhole(roomId, () => isPartial(building, roomId), userId);
  } catch (error) {
    ports.onError?.(error);
  }
}

async function isPartial(building: Building, roomId: RoomId): Promise<boolean> {
  const room = await building.rooms.get(roomId);
  return room?.isPartial === true && isIn(building, room);
}

/** Whoever is in the room may go, or show another name: all else rests on who is in it, and who was banned. */
export async function onceMayChange(
  building: Building,
  roomId: RoomId,
  { action, sender, target }: MembershipChange,
): Promise<void> {
  const room = await building.rooms.get(roomId);
  if (!room?.isPartial) return;
  const key = building.keys.find('m.room.member', target);
  const isHere = key !== undefined && room.members.get(key.keyNid) === 'join';
  if (isHere && sender === target && (action === 'leave' || action === 'join')) return;
  await onceWhole(building, roomId, { userId: sender });
}
