import { z } from 'zod';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, roomId } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { renderedOne } from './rendered.ts';
import { seenEvent } from './seen-event.ts';

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
    const { room, seen } = await seenEvent(rooms, path, caller.userId);
    const [whole] = await room.withRelations(caller, [seen]);
    return jsonText(renderedOne(whole!, caller));
  },
});
