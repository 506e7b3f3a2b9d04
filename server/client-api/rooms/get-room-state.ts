import { z } from 'zod';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { readingOf } from '../../rooms/read/reading.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { renderedEvents } from './rendered.ts';

export const getRoomState = endpoint({
  operation: 'getRoomState',
  routes: [
    'GET /_matrix/client/v3/rooms/{roomId}/state',
    'GET /_matrix/client/r0/rooms/{roomId}/state',
  ],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),

  async handle({ caller, path }, { rooms }: { rooms: Pick<Rooms, 'open' | 'roomsOf'> }) {
    const { room, departure } = await readingOf(rooms, path.roomId, caller.userId);
    const events = departure ? await room.stateAfter(departure) : await room.state();
    return jsonText(renderedEvents(events, caller));
  },
});
