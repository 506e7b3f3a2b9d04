import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { encodePlace } from '../../rooms/pagination-token.ts';
import { type Reading, readingOf } from '../../rooms/read/reading.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Place } from '../../rooms/store.ts';
import type { LargeReads } from './large-reads.ts';
import { lastPlace } from './last-place.ts';
import { pageFields, sendersOf, stretchOf, wantedIn } from './page-request.ts';
import { answerOf, renderedEvents, renderedSeen } from './rendered.ts';

interface Ports {
  readonly rooms: Pick<Rooms, 'open' | 'roomsOf'>;
  readonly largeReads: LargeReads;
}

/** GET /messages: the history of a room, page by page in the room's own order. */
export const getRoomEvents = endpoint({
  operation: 'getRoomEvents',
  routes: [
    'GET /_matrix/client/v3/rooms/{roomId}/messages',
    'GET /_matrix/client/r0/rooms/{roomId}/messages',
  ],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  query: z.object(pageFields),

  async handle({ caller, path, query, signal }, { rooms, largeReads }: Ports) {
    await largeReads.enter(caller.userId, signal);
    const { dir: direction, filter } = query;
    const reading = await readingOf(rooms, path.roomId, caller.userId);
    const { room } = reading;
    const { from, to } = await stretchOf(room, query, () => edge(reading, direction));
    const page = await room.history({
      reader: caller.userId,
      ...{ from, to, direction },
      limit: Math.min(query.limit, filter.limit ?? query.limit),
      wanted: wantedIn(filter, path.roomId),
      relatedBy: filter.relatedBy,
      types: filter.types,
      senders: filter.senders,
    });
    const senders = filter.lazyLoadMembers ? await sendersOf(room, page.events) : [];
    return answerOf({
      chunk: renderedSeen(await room.withRelations(caller, page.events), caller),
      start: JSON.stringify(query.from || encodePlace(from)),
      end: page.isLast ? undefined : JSON.stringify(encodePlace(page.end)),
      state: senders.length > 0 ? renderedEvents(senders, caller) : undefined,
    });
  },
});

/** Where the history begins or ends for this reader. */
async function edge({ room, departure }: Reading, direction: 'b' | 'f'): Promise<Place> {
  return direction === 'f' ? { depth: 0, nid: 0 } : lastPlace({ room, departure });
}
