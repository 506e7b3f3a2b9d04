import { z } from 'zod';
import { hierarchyChunk } from '../../client-api/room-directory/get-space-hierarchy.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId, trueOrFalse } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import { subscriberIn } from '../../protocol/caller.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { hierarchyForServer } from '../../rooms/spaces/hierarchy-for-server.ts';
import { summaryChunk } from '../../rooms/summary/room-summary.ts';
import { charge, type SharedRoomPorts } from './shared-room.ts';

interface Ports extends Pick<SharedRoomPorts, 'largeReads' | 'rateLimits'> {
  readonly rooms: Pick<Rooms, 'membershipOfServer' | 'open' | 'summaries'>;
}

export const getSpaceHierarchy = endpoint({
  operation: 'getSpaceHierarchy',
  routes: ['GET /_matrix/federation/v1/hierarchy/{roomId}'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  query: z.object({ suggested_only: trueOrFalse.default(false) }),

  async handle({ caller, path, query, signal }, ports: Ports) {
    await ports.largeReads.enter(subscriberIn(caller), signal);
    const found = await hierarchyForServer(ports.rooms, {
      ...{ root: path.roomId, server: caller.origin, suggestedOnly: query.suggested_only },
    });
    if (!found) throw notFound('There is no such room that your server could look into');
    charge(ports, caller, found.room.children.length);
    return {
      room: hierarchyChunk(found.room),
      children: found.children.map(summaryChunk),
      inaccessible_children: found.inaccessible,
    };
  },
});
