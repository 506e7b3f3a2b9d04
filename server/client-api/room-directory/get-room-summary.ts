import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomIdOrAlias, severalTimes } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import type { RoomAlias, RoomId } from '../../protocol/identifiers.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { mayBeShown, summaryChunk } from '../../rooms/summary/room-summary.ts';

interface Ports {
  readonly rooms: Pick<Rooms, 'summaries' | 'roomsOf' | 'resolveAlias'>;
}

/** A room that one may not see is not there: the answer does not tell the two apart. */
export const getRoomSummary = endpoint({
  operation: 'getRoomSummary',
  routes: [
    'GET /_matrix/client/v1/room_summary/{roomIdOrAlias}',
    'GET /_matrix/client/unstable/im.nheko.summary/summary/{roomIdOrAlias}',
    'GET /_matrix/client/unstable/im.nheko.summary/rooms/{roomIdOrAlias}/summary',
  ],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomIdOrAlias }),
  query: z.object({ via: severalTimes }),

  async handle({ caller, path }, { rooms }: Ports) {
    const roomId = await roomIdOf(rooms, path.roomIdOrAlias);
    const summary = roomId && (await rooms.summaries([roomId])).get(roomId);
    const own = await rooms.roomsOf(caller.userId);
    if (!summary || !mayBeShown(summary, own))
      throw notFound('There is no such room, or not for you');
    const membership = own.get(summary.roomId)?.membership;
    return { ...summaryChunk(summary), ...(membership && { membership }) };
  },
});

const roomIdOf = async (rooms: Ports['rooms'], given: RoomId | RoomAlias) =>
  given.startsWith('#')
    ? (await rooms.resolveAlias(given as RoomAlias))?.roomId
    : (given as RoomId);
