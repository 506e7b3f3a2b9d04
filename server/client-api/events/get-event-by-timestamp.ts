import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId, wholeNumber } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import { compare } from '../../rooms/read/page.ts';
import { type Reading, readingOf } from '../../rooms/read/reading.ts';
import type { Room } from '../../rooms/room.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { LargeReads } from './large-reads.ts';
import { lastPlace } from './last-place.ts';

interface Ports {
  readonly rooms: Pick<Rooms, 'open' | 'roomsOf'>;
  readonly largeReads: Pick<LargeReads, 'enter'>;
}

export const getEventByTimestamp = endpoint({
  operation: 'getEventByTimestamp',
  routes: [
    'GET /_matrix/client/v1/rooms/{roomId}/timestamp_to_event',
    'GET /_matrix/client/unstable/org.matrix.msc3030/rooms/{roomId}/timestamp_to_event',
  ],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  query: z.object({ ts: wholeNumber, dir: z.enum(['b', 'f']) }),

  async handle({ caller, path, query, signal }, { rooms, largeReads }: Ports) {
    const { ts, dir: direction } = query;
    let reading = await readingOf(rooms, path.roomId, caller.userId);
    if (await mayBeBeforeAll(reading.room, caller.userId, ts)) {
      await largeReads.enter(caller.userId, signal);
      await lookBack(reading, caller.userId, ts);
      reading = await readingOf(rooms, path.roomId, caller.userId);
    }
    const event = await reading.room.nearestEvent(caller.userId, { ts, direction });
    if (!event)
      throw notFound(`There is no event ${direction === 'f' ? 'behind' : 'before'} ${ts}`);
    return { event_id: event.eventId, origin_server_ts: event.originServerTs };
  },
});

/** Whether what is nearest to the moment may be at another server: nothing is here from before it, nor the room's beginning. */
async function mayBeBeforeAll(room: Room, reader: UserId, ts: number): Promise<boolean> {
  if (await room.nearestEvent(reader, { ts, direction: 'b' })) return false;
  const first = await room.nearestEvent(reader, { ts: 0, direction: 'f' });
  return first !== undefined && first.type !== 'm.room.create';
}

const PAGES_MAX = 5;
const PAGE = 100;

/** As who pages back so far: what is not here is fetched. */
async function lookBack(reading: Reading, reader: UserId, ts: number): Promise<void> {
  const { room } = reading;
  let from = await lastPlace(reading);
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = await room.history({ reader, from, direction: 'b', limit: PAGE });
    const isReached = page.events.some(({ event }) => event.originServerTs <= ts);
    // Where others are busy a page may end where it began.
    if (page.isLast || isReached || compare(page.end, from) === 0) return;
    from = page.end;
  }
}
