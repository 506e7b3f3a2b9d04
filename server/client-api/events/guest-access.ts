import type { Accounts } from '../../accounts/accounts.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Rooms } from '../../rooms/rooms.ts';

export interface GuestPorts {
  readonly accounts: Pick<Accounts, 'guestsAmong'>;
  readonly rooms: Pick<Rooms, 'open' | 'changeMembership'>;
}

export const letsGuestsIn = (content: JsonObject | undefined): boolean =>
  content?.guest_access === 'can_join';

/** Guests of a room that lets none in any more leave it (client-server API, "Guest access"). */
export async function letGuestsGo({ accounts, rooms }: GuestPorts, roomId: RoomId): Promise<void> {
  const room = await rooms.open(roomId);
  if (!room) return;
  const inRoom = [...room.members('join'), ...room.members('invite')];
  for (const userId of await accounts.guestsAmong(inRoom))
    await rooms.changeMembership(roomId, { sender: userId, target: userId, action: 'leave' }, {});
}
