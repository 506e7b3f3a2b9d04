import { z } from 'zod';
import type { LargeReads } from '../../client-api/events/large-reads.ts';
import { pageFields, stretchOf, wantedIn } from '../../client-api/events/page-request.ts';
import { answerOf, renderedSeen } from '../../client-api/events/rendered.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { encodePlace } from '../../rooms/pagination-token.ts';
import type { Room } from '../../rooms/room.ts';
import type { Place } from '../../rooms/store.ts';
import { knownRoom, type RoomPorts } from './open-room.ts';

/** The history of a room, whoever may see it: what was erased is shown to nobody. */
export const getRoomsMessages = endpoint({
  operation: 'adminGetRoomMessages',
  routes: ['GET /_synapse/admin/v1/rooms/{roomId}/messages'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  query: z.object(pageFields),
  async handle(
    { caller, path, query, signal },
    ports: RoomPorts & { readonly largeReads: Pick<LargeReads, 'enter'> },
  ) {
    await ports.largeReads.enter(caller.userId, signal);
    const room = await knownRoom(ports, path.roomId);
    const { dir: direction, filter } = query;
    const { from, to } = await stretchOf(room, query, () => edge(room, direction));
    const page = await room.page({
      ...{ reader: caller.userId, seesAll: true, from, to, direction },
      limit: Math.min(query.limit, filter.limit ?? query.limit),
      ...{ wanted: wantedIn(filter, path.roomId), types: filter.types, senders: filter.senders },
    });
    return answerOf({
      chunk: renderedSeen(page.events, caller),
      start: JSON.stringify(query.from || encodePlace(from)),
      end: page.isLast ? undefined : JSON.stringify(encodePlace(page.end)),
    });
  },
});

const edge = async (room: Room, direction: 'b' | 'f'): Promise<Place> =>
  direction === 'f' ? { depth: 0, nid: 0 } : room.upperEdge(room.lastPosition);
