import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import { forbidden, limitExceeded } from '../../protocol/matrix-error.ts';
import type { Origin } from '../draft.ts';
import { noteOutcome } from '../elsewhere/note-outcome.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { takeIn } from '../receive/take-in.ts';
import { Unresolved } from '../state/resolving/unresolved.ts';
import { changeRoom, settledOf } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import type { Unseen } from './policy-servers.ts';

const RETRY_MS = 5_000;

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
  const { eventId } = event;
  const taken = await changeRoom(building.rooms, roomId, async (room) => {
    const arrival = { event, storedNid: undefined, sentBy: origin };
    const one = await room.building.alone(async () =>
      (await isHere(building, room, eventId)) ? undefined : takeIn(building, room, arrival),
    );
    await one?.committed;
    return one;
  }).catch(orComeAgain);
  if (taken && taken.result.kind !== 'accepted') throw forbidden(taken.result.reason);
  if (!taken) await noteOutcome(building, eventId, origin);
  return eventId;
}

/** A policy server may pass on what it has signed before it answers. */
async function isHere({ ports }: Building, room: HotRoom, eventId: EventId): Promise<boolean> {
  if (room.pendingById(eventId)) await settledOf(room);
  return (await ports.store.eventsById([eventId])).some(({ outlier }) => !outlier);
}

/** While the states of the room cannot be resolved where the event stands: made anew it stands elsewhere. */
function orComeAgain(error: unknown): never {
  throw error instanceof Unresolved ? limitExceeded(RETRY_MS) : error;
}
