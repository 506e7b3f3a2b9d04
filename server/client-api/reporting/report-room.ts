import { z } from 'zod';
import type { Reports } from '../../accounts/reports.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { reason } from './report-fields.ts';

interface Ports {
  readonly rooms: Pick<Rooms, 'isPublished'>;
  readonly reports: Reports;
}

/** Whoever is not in the room may report it, too. */
export const reportRoom = endpoint({
  operation: 'reportRoom',
  routes: ['POST /_matrix/client/v3/rooms/{roomId}/report'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomId }),
  body: { json: z.object({ reason }) },

  async handle({ caller, path, body, once }, { rooms, reports }: Ports) {
    if ((await rooms.isPublished(path.roomId)) === undefined)
      throw notFound('This server does not know the room');
    await reports.add({ reporter: caller.userId, roomId: path.roomId, reason: body.reason }, once);
    return {};
  },
});
