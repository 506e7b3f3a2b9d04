import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomAlias } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';

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

  async handle({ caller, path, once }, { rooms }: { rooms: Pick<Rooms, 'removeAlias'> }) {
    await rooms.removeAlias(path.roomAlias, caller.userId, {
      outcome: () => once.outcome(200, {}),
    });
    return {};
  },
});
