import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId, wholeNumber } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import { readingOf } from '../../rooms/read/reading.ts';
import type { Rooms } from '../../rooms/rooms.ts';

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

  async handle({ caller, path, query }, { rooms }: { rooms: Pick<Rooms, 'open' | 'roomsOf'> }) {
    const { room } = await readingOf(rooms, path.roomId, caller.userId);
    const { ts, dir: direction } = query;
    const event = await room.nearestEvent(caller.userId, { ts, direction });
    if (!event)
      throw notFound(`There is no event ${direction === 'f' ? 'behind' : 'before'} ${ts}`);
    return { event_id: event.eventId, origin_server_ts: event.originServerTs };
  },
});
