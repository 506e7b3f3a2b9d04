import type { Event } from '../../protocol/event.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import { forbidden } from '../../protocol/matrix-error.ts';
import type { Origin } from '../draft.ts';
import { noteOutcome } from '../elsewhere/note-outcome.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { Unresolved } from '../state/resolving/unresolved.ts';
import { changeRoom, settledOf } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import { comeAgain } from './coming-again.ts';
import { takeIn } from './take-in.ts';

/**
 * Takes in an event of ours that another server had to sign first. While that was asked the room went on: so it stands where the
 * room was when it was made, and is taken in as any event that does, with the outcome of its request.
 */
export async function takeOwn(
  building: Building,
  event: Event,
  origin: Origin<EventId>,
): Promise<EventId> {
  const { roomId, eventId } = event;
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

/** Whoever has signed it may pass it on before they answer. */
async function isHere({ ports }: Building, room: HotRoom, eventId: EventId): Promise<boolean> {
  if (room.pendingById(eventId)) await settledOf(room);
  return (await ports.store.eventsById([eventId])).some(({ outlier }) => !outlier);
}

/** While the states of the room cannot be resolved where the event stands: made anew it stands elsewhere. */
function orComeAgain(error: unknown): never {
  throw error instanceof Unresolved ? comeAgain() : error;
}
