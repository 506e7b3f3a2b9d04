import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { answering } from '../events/sent-by.ts';

type Ports = { rooms: Pick<Rooms, 'changeMembership'> };

export const leaveRoom = endpoint({
  operation: 'leaveRoom',
  routes: [
    'POST /_matrix/client/v3/rooms/{roomId}/leave',
    'POST /_matrix/client/r0/rooms/{roomId}/leave',
  ],
  auth: 'guest',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomId }),
  body: { json: z.object({ reason: z.string().optional() }), mayBeEmpty: true },

  async handle({ caller, path, body, once }, { rooms }: Ports) {
    const { userId } = caller;
    const change = { sender: userId, target: userId, action: 'leave', ...body } as const;
    await rooms.changeMembership(path.roomId, change, answering(once, {}));
    return {};
  },
});
