import { z } from 'zod';
import type { EventReport, Reports } from '../../accounts/reports.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId, userId } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { nextToken, pageFields } from '../page-fields.ts';
import { toldReport } from './told-report.ts';

interface Ports {
  readonly reports: Pick<Reports, 'ofEvents'>;
  readonly rooms: Pick<Rooms, 'open'>;
}

/** Draupnir asks for them from where it was, the oldest first; others for the newest. */
export const listEventReports = endpoint({
  operation: 'adminListEventReports',
  routes: ['GET /_synapse/admin/v1/event_reports'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({
    ...pageFields,
    dir: z.enum(['f', 'b']).default('b'),
    user_id: userId.optional(),
    room_id: roomId.optional(),
    event_sender_user_id: userId.optional(),
  }),
  async handle({ query }, ports: Ports) {
    const told = async (report: EventReport) =>
      toldReport(await ports.rooms.open(report.roomId), report);
    const { reports, total } = await ports.reports.ofEvents({
      ...{ from: query.from, limit: query.limit, newestFirst: query.dir === 'b' },
      ...{ reporter: query.user_id, roomId: query.room_id, sender: query.event_sender_user_id },
    });
    return {
      event_reports: await Promise.all(reports.map(told)),
      total,
      ...nextToken({ from: query.from, seen: reports.length, total }, Number),
    };
  },
});
