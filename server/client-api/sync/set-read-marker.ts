import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, roomId } from '../../http/fields.ts';
import type { ReadMarkers } from '../../sync/receipts/read-markers.ts';

export const setReadMarker = endpoint({
  operation: 'setReadMarker',
  routes: ['POST /_matrix/client/v3/rooms/{roomId}/read_markers'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ roomId }),
  body: {
    json: z.object({
      'm.fully_read': eventId.optional(),
      'm.read': eventId.optional(),
      'm.read.private': eventId.optional(),
    }),
  },

  async handle({ caller, path, body }, { readMarkers }: { readMarkers: Pick<ReadMarkers, 'set'> }) {
    await readMarkers.set(caller.userId, path.roomId, {
      fullyRead: body['m.fully_read'],
      read: body['m.read'],
      readPrivate: body['m.read.private'],
    });
    return {};
  },
});
