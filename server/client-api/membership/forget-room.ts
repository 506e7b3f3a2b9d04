import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';

export const forgetRoom = endpoint({
  operation: 'forgetRoom',
  routes: [
    'POST /_matrix/client/v3/rooms/{roomId}/forget',
    'POST /_matrix/client/r0/rooms/{roomId}/forget',
  ],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ roomId }),
  body: { json: z.object({}), mayBeEmpty: true },

  async handle({ caller, path }, { rooms }: { rooms: Pick<Rooms, 'forget'> }) {
    await rooms.forget(path.roomId, caller.userId, {});
    return {};
  },
});
