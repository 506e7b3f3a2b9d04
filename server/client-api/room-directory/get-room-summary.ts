import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomIdOrAlias, severalTimes } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import type { RoomAlias, RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import {
  LooksElsewhere,
  type RoomPointer,
  type SpacesElsewhere,
  serversBy,
} from '../../rooms/spaces/look-elsewhere.ts';
import { mayBeShown, type RoomSummary, summaryChunk } from '../../rooms/summary/room-summary.ts';

interface Ports {
  readonly rooms: Pick<Rooms, 'summaries' | 'roomsOf' | 'resolveAlias'>;
  readonly elsewhere: SpacesElsewhere | undefined;
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

  async handle({ caller, path, query }, ports: Ports) {
    const found = await pointerTo(ports.rooms, path.roomIdOrAlias, query.via);
    const summary = found && (await summaryOf(ports, found, caller.userId));
    const own = await ports.rooms.roomsOf(caller.userId);
    if (!summary || !mayBeShown(summary, own))
      throw notFound('There is no such room, or not for you');
    const membership = own.get(summary.roomId)?.membership;
    return { ...summaryChunk(summary), ...(membership && { membership }) };
  },
});

async function pointerTo(
  rooms: Ports['rooms'],
  given: RoomId | RoomAlias,
  via: readonly string[],
): Promise<RoomPointer | undefined> {
  if (!given.startsWith('#'))
    return { roomId: given as RoomId, via: serversBy(given as RoomId, via) };
  const found = await rooms.resolveAlias(given as RoomAlias);
  if (!found) return undefined;
  const { roomId, servers } = found;
  return { roomId, via: serversBy(roomId, [...via, ...servers]) };
}

/** Of a room in which nobody of this server is, other servers may tell. */
async function summaryOf(
  { rooms, elsewhere }: Ports,
  pointer: RoomPointer,
  asker: UserId,
): Promise<RoomSummary | undefined> {
  const here = (await rooms.summaries([pointer.roomId])).get(pointer.roomId);
  if (here && here.joinedCount > 0) return here;
  const looks = new LooksElsewhere(elsewhere, { suggestedOnly: true, asker });
  return (await looks.at(pointer))?.room.summary ?? here;
}
