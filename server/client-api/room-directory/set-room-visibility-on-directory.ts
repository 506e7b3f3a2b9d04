import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';

export const setRoomVisibilityOnDirectory = endpoint({
  operation: 'setRoomVisibilityOnDirectory',
  routes: [
    'PUT /_matrix/client/v3/directory/list/room/{roomId}',
    'PUT /_matrix/client/r0/directory/list/room/{roomId}',
  ],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomId }),
  body: {
    json: z.object({ visibility: z.enum(['public', 'private']).default('public') }),
    mayBeEmpty: true,
  },

  async handle({ caller, path, body, once }, { rooms }: { rooms: Pick<Rooms, 'publish'> }) {
    const published = body.visibility === 'public';
    await rooms.publish(
      { roomId: path.roomId, userId: caller.userId, published },
      { outcome: () => once.outcome(200, {}) },
    );
    return {};
  },
});
