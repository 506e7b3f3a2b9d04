import { z } from 'zod';
import { instanceIdOf } from '../../app-services/instance-id.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name, roomId } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';

/** Of a network of its own: each application service has directories of its own. */
export const updateAppserviceRoomDirectoryVisibility = endpoint({
  operation: 'updateAppserviceRoomDirectoryVisibility',
  routes: [
    'PUT /_matrix/client/v3/directory/list/appservice/{networkId}/{roomId}',
    'PUT /_matrix/client/r0/directory/list/appservice/{networkId}/{roomId}',
  ],
  auth: 'service',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ networkId: name, roomId }),
  body: { json: z.object({ visibility: z.enum(['public', 'private']) }) },

  async handle(
    { caller, path, body, once },
    { rooms }: { rooms: Pick<Rooms, 'publishInNetwork'> },
  ) {
    const instanceId = instanceIdOf(caller.service.id, path.networkId);
    const published = body.visibility === 'public';
    await rooms.publishInNetwork(
      { roomId: path.roomId, instanceId, published },
      { outcome: () => once.outcome(200, {}) },
    );
    return {};
  },
});
