import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId, wholeNumber } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import type { SharedRoomPorts } from './shared-room.ts';

export const getEventByTimestamp = endpoint({
  operation: 'getEventByTimestamp',
  routes: ['GET /_matrix/federation/v1/timestamp_to_event/{roomId}'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  query: z.object({ ts: wholeNumber, dir: z.enum(['b', 'f']) }),

  async handle({ caller, path, query }, { rooms }: Pick<SharedRoomPorts, 'rooms'>) {
    const room = await rooms.openForServer(path.roomId, caller.origin);
    const { ts, dir: direction } = query;
    const event = await room.nearestEvent({ ts, direction });
    if (!event)
      throw notFound(`There is no event ${direction === 'f' ? 'behind' : 'before'} ${ts}`);
    return { event_id: event.eventId, origin_server_ts: event.originServerTs };
  },
});
