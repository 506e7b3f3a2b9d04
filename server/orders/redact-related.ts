import type { EventId, RoomId, UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { Room } from '../rooms/room.ts';
import type { RoomEvent } from '../rooms/room-event.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Place } from '../rooms/store.ts';
import { inSpiteOfWaiting } from './in-spite-of-waiting.ts';
import type { Work } from './long-orders.ts';

/** What is asked for, as it is kept. */
export interface RelatedRedaction {
  readonly roomId: RoomId;
  readonly relTypes: readonly string[];
  readonly reason: string | null;
}

/** For relations of every kind (MSC3912). */
const EVERY_KIND = '*';
const PAGE = 100;
/** They are committed together; more would be all that their sender may have waiting. */
const AT_ONCE = 10;
const LAST: Place = { depth: Number.MAX_SAFE_INTEGER - 1, nid: Number.MAX_SAFE_INTEGER - 1 };

/**
 * Redacts what relates to an event that was redacted, the newest first, as far as the sender may (MSC3912).
 * What is redacted relates to nothing any more, so a repeat goes on where it was cut.
 */
export const redactRelated =
  (rooms: Pick<Rooms, 'open' | 'send'>): Work =>
  async ({ target, by, asked }, signal) => {
    const { roomId, relTypes, reason } = asked as unknown as RelatedRedaction;
    const room = await rooms.open(roomId);
    const kinds = relTypes.includes(EVERY_KIND) ? [undefined] : relTypes;
    const content: JsonObject = reason === null ? {} : { reason };
    const redaction = { sender: by as UserId, type: 'm.room.redaction', content };
    for (const relType of room ? kinds : [])
      for await (const events of related(room!, by as UserId, { eventId: target, relType })) {
        if (signal.aborted) return {};
        const drafts = events.map(({ eventId }) => ({ ...redaction, redacts: eventId }));
        await Promise.all(
          drafts.map((draft) =>
            // What others said stays, where the sender has not the power to redact it.
            inSpiteOfWaiting(signal, () => rooms.send(roomId, draft, {})),
          ),
        );
      }
    return {};
  };

async function* related(
  room: Room,
  reader: UserId,
  { eventId, relType }: { eventId: string; relType: string | undefined },
): AsyncGenerator<readonly RoomEvent[]> {
  const relatedTo = { eventId: eventId as EventId, relType, hops: 1 };
  for (let from: Place | undefined = LAST; from; ) {
    const page = await room.page({
      ...{ reader, seesAll: true, from, direction: 'b', limit: PAGE, relatedTo },
    });
    const events = page.events.map(({ event }) => event);
    for (let at = 0; at < events.length; at += AT_ONCE) yield events.slice(at, at + AT_ONCE);
    from = page.isLast ? undefined : page.end;
  }
}
