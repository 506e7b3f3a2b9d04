import type { UserId } from '../../protocol/identifiers.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomReads } from '../read/room-reads.ts';
import type { RelatedBy } from '../room.ts';
import type { RoomEvent } from '../room-event.ts';
import { lookUntil } from './look-until.ts';

/** Those of the events to which something relates that the reader may know; all where nothing is asked for. */
export async function relatedBy(
  room: HotRoom,
  reads: RoomReads,
  reader: UserId,
  events: readonly RoomEvent[],
  by: RelatedBy | undefined,
): Promise<readonly RoomEvent[]> {
  if (by === undefined || events.length === 0) return events;
  const ignored = await reads.ignoredBy(reader);
  const found = await reads.store.relatedTargets({
    roomNid: room.nid,
    targetIds: events.map(({ eventId }) => eventId),
    relTypes: by.relTypes ?? null,
    senders: by.senders ?? null,
    ignored: [...ignored],
    upTo: await lookUntil(room, reads, reader),
  });
  const related = new Set(found);
  return events.filter(({ eventId }) => related.has(eventId));
}
