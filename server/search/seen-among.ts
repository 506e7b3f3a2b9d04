import { type EventId, parsedIn, parseEventId, type UserId } from '../protocol/identifiers.ts';
import { relationOf } from '../protocol/relations/relation.ts';
import { isRedacted } from '../rooms/client-members.ts';
import type { Room } from '../rooms/room.ts';
import type { RoomEvent } from '../rooms/room-event.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { SeenEvent } from '../rooms/seen-event.ts';
import type { FoundEvent } from '../storage/search/found-events.ts';

interface Reader {
  readonly userId: UserId;
  readonly ignored: ReadonlySet<UserId>;
  readonly admits: (event: RoomEvent) => boolean;
}

/**
 * Those that the reader may see, by number. The index may still have what was redacted a moment ago, and has
 * what is shown only to some: whoever found that by its words would know them.
 */
export async function seenAmong(
  rooms: Pick<Rooms, 'openAll'>,
  { userId, ignored, admits }: Reader,
  found: readonly FoundEvent[],
): Promise<Map<number, { room: Room; seen: SeenEvent }>> {
  const byRoom = Map.groupBy(found, ({ roomId }) => roomId);
  const all = new Map<number, { room: Room; seen: SeenEvent }>();
  for (const room of (await rooms.openAll([...byRoom.keys()])).values()) {
    const events = await room.events(byRoom.get(room.roomId)!.map(({ eventId }) => eventId));
    const wanted = events.filter(
      (event) =>
        !isRedacted(event) &&
        admits(event) &&
        (event.stateKey !== undefined || !ignored.has(event.sender)),
    );
    for (const seen of await room.visibleTo(userId, await withoutEditsOfRedacted(room, wanted)))
      if (!seen.event.isErased) all.set(seen.event.nid, { room, seen });
  }
  return all;
}

/** Clients redact the event that was edited and none of its edits: what these say is gone for people, too. */
async function withoutEditsOfRedacted(
  room: Room,
  events: readonly RoomEvent[],
): Promise<readonly RoomEvent[]> {
  const targets = events.flatMap((event) => editedBy(event) ?? []);
  if (targets.length === 0) return events;
  const edited = await room.events([...new Set(targets)]);
  const redacted = new Set(edited.filter(isRedacted).map(({ eventId }) => eventId));
  return events.filter((event) => {
    const target = editedBy(event);
    return target === undefined || !redacted.has(target);
  });
}

function editedBy({ content }: RoomEvent): EventId | undefined {
  const relation = relationOf(content);
  return relation?.relType === 'm.replace' ? parsedIn(relation.eventId, parseEventId) : undefined;
}
