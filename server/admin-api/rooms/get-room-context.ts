import { z } from 'zod';
import { around } from '../../client-api/events/around.ts';
import type { LargeReads } from '../../client-api/events/large-reads.ts';
import { limitField } from '../../client-api/events/page-request.ts';
import {
  answerOf,
  renderedEvents,
  renderedOne,
  renderedSeen,
} from '../../client-api/events/rendered.ts';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, roomId } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import { knownRoom, type RoomPorts, seenInHistory } from './open-room.ts';

/** What was said around an event, whoever may see it: Draupnir looks so at what was reported. */
export const getRoomsContext = endpoint({
  operation: 'adminGetRoomContext',
  routes: ['GET /_synapse/admin/v1/rooms/{roomId}/context/{eventId}'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId, eventId }),
  query: z.object({ limit: limitField }),
  async handle(
    { caller, path, query: { limit }, signal },
    ports: RoomPorts & { readonly largeReads: Pick<LargeReads, 'enter'> },
  ) {
    await ports.largeReads.enter(caller.userId, signal);
    const room = await knownRoom(ports, path.roomId);
    const seen = await seenInHistory(room, path.eventId, caller.userId);
    if (!seen) throw notFound('There is no such event in this room');
    const limits = { before: Math.floor(limit / 2), after: Math.ceil(limit / 2) };
    const told = await around(room, caller, seen, limits, { seesAll: true });
    const state = await room.stateAfter((told.after.at(-1) ?? seen).event);
    return answerOf({
      event: renderedOne(seen, caller),
      events_before: renderedSeen(told.before, caller),
      events_after: renderedSeen(told.after, caller),
      state: renderedEvents(await room.shownTo(caller.userId, state), caller),
      start: told.start,
      end: told.end,
    });
  },
});
