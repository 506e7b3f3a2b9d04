import { z } from 'zod';
import type { AppServices } from '../../app-services/app-services.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomAlias, roomId } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';

interface Ports {
  readonly appServices: Pick<AppServices, 'refuseAlias'>;
  readonly rooms: Pick<Rooms, 'addAlias'>;
}

export const setRoomAlias = endpoint({
  operation: 'setRoomAlias',
  routes: [
    'PUT /_matrix/client/v3/directory/room/{roomAlias}',
    'PUT /_matrix/client/r0/directory/room/{roomAlias}',
  ],
  auth: 'user',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomAlias }),
  body: { json: z.object({ room_id: roomId }) },

  async handle({ caller, path, body, once }, { appServices, rooms }: Ports) {
    appServices.refuseAlias(path.roomAlias, caller.service);
    await rooms.addAlias(path.roomAlias, body.room_id, caller.userId, {
      outcome: () => once.outcome(200, {}),
    });
    return {};
  },
});
