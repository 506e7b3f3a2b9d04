import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import type { Rooms } from '../../rooms/rooms.ts';

export const getRoomVisibilityOnDirectory = endpoint({
  operation: 'getRoomVisibilityOnDirectory',
  routes: [
    'GET /_matrix/client/v3/directory/list/room/{roomId}',
    'GET /_matrix/client/r0/directory/list/room/{roomId}',
  ],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),

  async handle({ path }, { rooms }: { rooms: Pick<Rooms, 'isPublished'> }) {
    const isPublished = await rooms.isPublished(path.roomId);
    if (isPublished === undefined) throw notFound('This server does not know the room');
    return { visibility: isPublished ? 'public' : 'private' };
  },
});
