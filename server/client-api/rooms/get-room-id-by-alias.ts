import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomAlias } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import type { Rooms } from '../../rooms/rooms.ts';

export const getRoomIdByAlias = endpoint({
  operation: 'getRoomIdByAlias',
  routes: [
    'GET /_matrix/client/v3/directory/room/{roomAlias}',
    'GET /_matrix/client/r0/directory/room/{roomAlias}',
  ],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomAlias }),

  async handle({ path }, { rooms }: { rooms: Pick<Rooms, 'resolveAlias'> }) {
    const found = await rooms.resolveAlias(path.roomAlias);
    if (!found) throw notFound(`There is no ${path.roomAlias}`);
    return { room_id: found.roomId, servers: found.servers };
  },
});
