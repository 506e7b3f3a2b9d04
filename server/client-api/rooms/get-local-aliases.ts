import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { readingOf } from '../../rooms/read/reading.ts';
import type { Rooms } from '../../rooms/rooms.ts';

export const getLocalAliases = endpoint({
  operation: 'getLocalAliases',
  routes: ['GET /_matrix/client/v3/rooms/{roomId}/aliases'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),

  async handle(
    { caller, path },
    { rooms }: { rooms: Pick<Rooms, 'open' | 'roomsOf' | 'aliasesOf'> },
  ) {
    await readingOf(rooms, path.roomId, caller.userId);
    return { aliases: await rooms.aliasesOf(path.roomId) };
  },
});
