import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, roomId } from '../../http/fields.ts';
import type { StateKeyTest } from '../../rooms/room.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { SeenEvent } from '../../rooms/seen-event.ts';
import { around } from './around.ts';
import type { LargeReads } from './large-reads.ts';
import { filterField, limitField, wantedIn } from './page-request.ts';
import { answerOf, renderedEvents, renderedOne, renderedSeen } from './rendered.ts';
import { seenEvent } from './seen-event.ts';

interface Ports {
  readonly rooms: Pick<Rooms, 'open'>;
  readonly largeReads: LargeReads;
}

/** An event with what was said around it; the tokens go on from there in either direction. */
export const getEventContext = endpoint({
  operation: 'getEventContext',
  routes: [
    'GET /_matrix/client/v3/rooms/{roomId}/context/{eventId}',
    'GET /_matrix/client/r0/rooms/{roomId}/context/{eventId}',
  ],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId, eventId }),
  query: z.object({ limit: limitField, filter: filterField }),

  async handle({ caller, path, query, signal }, { rooms, largeReads }: Ports) {
    await largeReads.enter(caller.userId, signal);
    const { room, seen } = await seenEvent(rooms, path, caller.userId);
    const { filter, limit } = query;
    const told = await around(
      room,
      caller,
      seen,
      { before: Math.floor(limit / 2), after: Math.ceil(limit / 2) },
      { wanted: wantedIn(filter, path.roomId), relatedBy: filter.relatedBy },
    );
    const shown = [...told.before, seen, ...told.after];
    const last = told.after.at(-1) ?? seen;
    const state = await room.stateAfter(
      last.event,
      filter.lazyLoadMembers ? lazily(shown) : undefined,
    );
    const whole = await room.withRelations(caller, [seen, ...told.before, ...told.after]);
    const split = 1 + told.before.length;
    return answerOf({
      event: renderedOne(whole[0]!, caller),
      events_before: renderedSeen(whole.slice(1, split), caller),
      events_after: renderedSeen(whole.slice(split), caller),
      state: renderedEvents(await room.shownTo(caller.userId, state), caller),
      start: told.start,
      end: told.end,
    });
  },
});

function lazily(shown: readonly SeenEvent[]): StateKeyTest {
  const senders = new Set<string>(shown.map(({ event }) => event.sender));
  return (type, stateKey) => type !== 'm.room.member' || senders.has(stateKey);
}
