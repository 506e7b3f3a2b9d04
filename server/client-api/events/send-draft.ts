import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import type { Draft, Origin } from '../../rooms/draft.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { refuseWrongAliases } from './canonical-alias.ts';
import { type GuestPorts, letGuestsGo, letsGuestsIn } from './guest-access.ts';

export interface SendDraftPorts extends GuestPorts {
  readonly rooms: Pick<Rooms, 'send' | 'resolveAlias'> & GuestPorts['rooms'];
}

/** Sends what a client asks for, by whatever endpoint and whenever, with what belongs to it beside the rules of the room. */
export async function sendDraft(
  { accounts, rooms }: SendDraftPorts,
  roomId: RoomId,
  draft: Draft,
  origin: Origin<EventId>,
): Promise<EventId> {
  const state = draft.stateKey === undefined ? undefined : draft.type;
  if (state === 'm.room.canonical_alias') await refuseWrongAliases(rooms, roomId, draft.content);
  const eventId = await rooms.send(roomId, draft, origin);
  if (state === 'm.room.guest_access' && !letsGuestsIn(draft.content))
    await letGuestsGo({ accounts, rooms }, roomId);
  return eventId;
}
