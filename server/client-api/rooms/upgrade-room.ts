import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId, userId } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';

export const upgradeRoom = endpoint({
  operation: 'upgradeRoom',
  routes: ['POST /_matrix/client/v3/rooms/{roomId}/upgrade'],
  auth: 'user',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomId }),
  body: {
    json: z.object({ new_version: z.string(), additional_creators: z.array(userId).default([]) }),
  },

  async handle({ caller, path, body, once }, { rooms }: { rooms: Pick<Rooms, 'upgrade'> }) {
    const { new_version: version, additional_creators: additionalCreators } = body;
    const upgrade = { userId: caller.userId, version, additionalCreators };
    const replacement_room = await rooms.upgrade(path.roomId, upgrade, {
      outcome: (room) => once.outcome(200, { replacement_room: room }),
    });
    return { replacement_room };
  },
});
