import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId, userId } from '../../http/fields.ts';
import type { MembershipChange } from '../../rooms/membership/membership.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { answering } from '../events/sent-by.ts';

type Ports = { rooms: Pick<Rooms, 'changeMembership'> };

/** What one user does to another: endpoints that differ in a word. */
export const doToAnother = (operation: string, action: MembershipChange['action']) =>
  endpoint({
    operation,
    routes: [
      `POST /_matrix/client/v3/rooms/{roomId}/${action}`,
      `POST /_matrix/client/r0/rooms/{roomId}/${action}`,
    ],
    auth: 'user',
    standing: 'active',
    rateLimit: 'write',
    idempotency: 'request',
    path: z.object({ roomId }),
    body: { json: z.object({ user_id: userId, reason: z.string().optional() }) },

    async handle({ caller, path, body, once }, { rooms }: Ports) {
      const { user_id: target, reason } = body;
      const change = { sender: caller.userId, target, action, reason };
      await rooms.changeMembership(path.roomId, change, answering(once, {}));
      return {};
    },
  });
