import { z } from 'zod';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { eventId } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { renderedOne } from './rendered.ts';
import { seenEvent } from './seen-event.ts';

/** As `getOneRoomEvent`, for those who do not know the room. */
export const getOneEvent = endpoint({
  operation: 'getOneEvent',
  routes: ['GET /_matrix/client/v3/events/{eventId}', 'GET /_matrix/client/r0/events/{eventId}'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ eventId }),

  async handle(
    { caller, path: { eventId } },
    { rooms }: { rooms: Pick<Rooms, 'open' | 'roomOfEvent'> },
  ) {
    const roomId = await rooms.roomOfEvent(eventId);
    if (roomId === undefined) throw notFound('There is no such event, or not for you');
    const { room, seen } = await seenEvent(rooms, { roomId, eventId }, caller.userId);
    const [whole] = await room.withRelations(caller, [seen]);
    return jsonText(renderedOne(whole!, caller));
  },
});
