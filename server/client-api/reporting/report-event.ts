import { z } from 'zod';
import type { Reports } from '../../accounts/reports.ts';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, roomId } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { reason } from './report-fields.ts';

interface Ports {
  readonly rooms: Pick<Rooms, 'open'>;
  readonly reports: Reports;
}

export const reportEvent = endpoint({
  operation: 'reportEvent',
  routes: [
    'POST /_matrix/client/v3/rooms/{roomId}/report/{eventId}',
    'POST /_matrix/client/r0/rooms/{roomId}/report/{eventId}',
  ],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomId, eventId }),
  // Until v1.18 there was a score, from -100 to 0: clients of before still give one.
  body: { json: z.object({ reason: reason.default(''), score: z.number().optional() }) },

  async handle({ caller, path, body, once }, { rooms, reports }: Ports) {
    const room = await rooms.open(path.roomId);
    const isMember = room?.membershipOf(caller.userId) === 'join';
    const event = isMember ? await room.event(path.eventId) : undefined;
    const [seen] = event && room ? await room.visibleTo(caller.userId, [event]) : [];
    if (!seen) throw notFound('There is no such event, or you are not in its room');
    await reports.add({ reporter: caller.userId, ...path, reason: body.reason }, once);
    return {};
  },
});
