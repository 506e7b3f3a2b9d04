import type { Event } from '../../protocol/event.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { parsedEventOf } from '../read/stored-event.ts';
import type { StoredEvent } from '../store.ts';
import { settledOf } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import { isLate, takeLate } from './late.ts';
import { isSameEvent } from './same-event.ts';
import type { TakenIn } from './take-in.ts';

/** What is in the room already, or on its way there; refused where its id is that of another event. */
export function asKnown(
  building: Building,
  room: HotRoom,
  event: Event,
  { stored, pushedBy }: { stored: StoredEvent | undefined; pushedBy: ServerName | undefined },
): TakenIn | undefined {
  if (room.pendingById(event.eventId))
    return { result: { kind: 'accepted', event }, committed: settledOf(room) };
  if (stored === undefined) return undefined;
  if (stored.roomNid !== room.nid)
    return unfitted(event, 'its id is that of an event of another room');
  const found = parsedEventOf(stored, room.rules);
  // An outlier's row would get the place of another event than was judged.
  if (!isSameEvent(found, event, room.rules))
    return unfitted(event, 'its id is that of another event');
  if (stored.outlier) return undefined;
  if (isLate(found, stored, pushedBy)) return takeLate(building, room, found, stored);
  if (stored.rejected)
    return { result: { kind: 'rejected', event: found, reason: 'it was rejected before' } };
  if (stored.softFailed)
    return { result: { kind: 'soft-failed', event: found, reason: 'it was so before' } };
  return { result: { kind: 'accepted', event: found } };
}

export const unfitted = ({ eventId }: Event, reason: string): TakenIn => ({
  result: { kind: 'refused', eventId, reason },
});
