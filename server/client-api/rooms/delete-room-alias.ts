import { z } from 'zod';
import type { AppServices } from '../../app-services/app-services.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomAlias } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';

interface Ports {
  readonly appServices: Pick<AppServices, 'refuseAlias'>;
  readonly rooms: Pick<Rooms, 'removeAlias'>;
}

export const deleteRoomAlias = endpoint({
  operation: 'deleteRoomAlias',
  routes: [
    'DELETE /_matrix/client/v3/directory/room/{roomAlias}',
    'DELETE /_matrix/client/r0/directory/room/{roomAlias}',
  ],
  auth: 'user',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomAlias }),

  async handle({ caller, path, once }, { appServices, rooms }: Ports) {
    appServices.refuseAlias(path.roomAlias, caller.service);
    await rooms.removeAlias(path.roomAlias, caller.userId, {
      outcome: () => once.outcome(200, {}),
    });
    return {};
  },
});
