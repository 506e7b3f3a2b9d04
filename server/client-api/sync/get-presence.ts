import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { userId } from '../../http/fields.ts';
import { forbidden } from '../../http/matrix-error.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Presence } from '../../sync/ephemeral/presence.ts';

export interface PresencePorts {
  readonly presence: Pick<Presence, 'of'>;
  readonly rooms: Pick<Rooms, 'roomsOf'>;
}

export const getPresence = endpoint({
  operation: 'getPresence',
  routes: ['GET /_matrix/client/v3/presence/{userId}/status'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ userId }),

  async handle({ caller, path }, { presence, rooms }: PresencePorts) {
    const maySee =
      path.userId === caller.userId || (await share(rooms, caller.userId, path.userId));
    if (!maySee) throw forbidden('You share no room with this user');
    return presence.of(path.userId);
  },
});

async function share(rooms: Pick<Rooms, 'roomsOf'>, one: UserId, other: UserId): Promise<boolean> {
  const [mine, theirs] = await Promise.all([rooms.roomsOf(one), rooms.roomsOf(other)]);
  return [...mine.values()].some(
    ({ roomId, membership }) => membership === 'join' && theirs.get(roomId)?.membership === 'join',
  );
}
