import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import { forbidden } from '../../protocol/matrix-error.ts';
import type { Origin } from '../draft.ts';
import { takeIn } from '../receive/take-in.ts';
import { changeRoom } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import type { Unseen } from './policy-servers.ts';

/**
 * Sends it once the policy server has signed it. The room goes on while that is asked: so the event stands where the room was
 * when it was made, and is taken in as any event that does, with the outcome of its request.
 */
export async function sendRecommended(
  building: Building,
  roomId: RoomId,
  unseen: Unseen,
  origin: Origin<EventId>,
): Promise<EventId> {
  const event = await building.policyServers.signed(building, unseen, { by: 'own' });
  await changeRoom(building.rooms, roomId, async (room) => {
    const arrival = { event, storedNid: undefined, sentBy: origin };
    const taken = await room.building.alone(() => takeIn(building, room, arrival));
    await taken.committed;
    if (taken.result.kind !== 'accepted') throw forbidden(taken.result.reason);
  });
  return event.eventId;
}
