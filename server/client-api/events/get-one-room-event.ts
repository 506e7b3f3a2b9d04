import { z } from 'zod';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, roomId } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { renderedOne } from './rendered.ts';

/** What somebody may not see is not there: the answer does not tell the two apart. */
export const getOneRoomEvent = endpoint({
  operation: 'getOneRoomEvent',
  routes: [
    'GET /_matrix/client/v3/rooms/{roomId}/event/{eventId}',
    'GET /_matrix/client/r0/rooms/{roomId}/event/{eventId}',
  ],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId, eventId }),

  async handle({ caller, path }, { rooms }: { rooms: Pick<Rooms, 'open'> }) {
    const room = await rooms.open(path.roomId);
    const event = await room?.event(path.eventId);
    const [seen] = event && room ? await room.visibleTo(caller.userId, [event]) : [];
    if (!room || !seen) throw notFound('There is no such event, or not for you');
    const [whole] = await room.withRelations(caller, [seen]);
    return jsonText(renderedOne(whole!, caller));
  },
});
