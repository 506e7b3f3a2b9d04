import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';

export const getRoomBlock = endpoint({
  operation: 'adminGetRoomBlock',
  routes: ['GET /_synapse/admin/v1/rooms/{roomId}/block'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  async handle({ path }, { rooms }: { rooms: Pick<Rooms, 'blockedBy'> }) {
    const by = await rooms.blockedBy(path.roomId);
    return by === undefined ? { block: false } : { block: true, user_id: by };
  },
});
