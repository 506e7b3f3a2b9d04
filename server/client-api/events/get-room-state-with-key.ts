import { z } from 'zod';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import { readingOf, readingOfWhole } from '../../rooms/read/reading.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { renderedEvent } from './rendered.ts';

interface Ports {
  readonly rooms: Pick<Rooms, 'open' | 'roomsOf' | 'whenWhole'>;
}

export const getRoomStateWithKey = endpoint({
  operation: 'getRoomStateWithKey',
  routes: [
    'GET /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}',
    'GET /_matrix/client/v3/rooms/{roomId}/state/{eventType}/',
    'GET /_matrix/client/v3/rooms/{roomId}/state/{eventType}',
    'GET /_matrix/client/r0/rooms/{roomId}/state/{eventType}/{stateKey}',
    'GET /_matrix/client/r0/rooms/{roomId}/state/{eventType}',
  ],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId, eventType: z.string(), stateKey: z.string().default('') }),
  query: z.object({ format: z.enum(['content', 'event']).default('content') }),

  async handle({ caller, path, query, signal }, { rooms }: Ports) {
    const { roomId, eventType, stateKey } = path;
    const isMember = eventType === 'm.room.member';
    const { room, departure } = await (isMember
      ? readingOfWhole(rooms, roomId, caller.userId, signal)
      : readingOf(rooms, roomId, caller.userId));
    const found = departure
      ? (await room.stateEventsAfter(departure, [[eventType, stateKey]]))[0]
      : await room.stateEvent(eventType, stateKey);
    const [event] = found ? await room.shownTo(caller.userId, [found]) : [];
    if (!event) throw notFound('The room has no such state');
    return query.format === 'event' ? jsonText(renderedEvent(event, caller)) : event.content;
  },
});
