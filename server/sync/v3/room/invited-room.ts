import type { UserId } from '../../../protocol/identifiers.ts';
import type { Room } from '../../../rooms/room.ts';
import { type RoomEvent, renderStripped } from '../../../rooms/room-event.ts';
import type { Json } from '../answer-text.ts';

/** What somebody outside is shown of a room, their own membership with it: who invited them, and when. */
export async function strippedState(room: Room, userId: UserId): Promise<Json[]> {
  const [told, own] = await Promise.all([room.toldOutside(userId), ownMember(room, userId)]);
  if (told) return [...told, ...(own ? [renderStripped(own)] : [])];
  const state = await room.strippedState();
  const others = state.filter((event) => event.eventId !== own?.eventId);
  const shown = await room.shownTo(userId, [...others, ...(own === undefined ? [] : [own])]);
  return shown.map(renderStripped);
}

/** The inviter; a knock has none. */
export async function invitedBy(room: Room, userId: UserId): Promise<UserId | undefined> {
  return (await ownMember(room, userId))?.sender;
}

const ownMember = (room: Room, userId: UserId): Promise<RoomEvent | undefined> =>
  room.stateEvent('m.room.member', userId);
