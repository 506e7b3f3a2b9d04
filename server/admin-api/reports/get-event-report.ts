import type { Reports } from '../../accounts/reports.ts';
import { renderedOne } from '../../client-api/events/rendered.ts';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { notFound } from '../../http/matrix-error.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { seenInHistory } from '../rooms/open-room.ts';
import { reportPath, toldReport } from './told-report.ts';

interface Ports {
  readonly reports: Pick<Reports, 'ofEvent'>;
  readonly rooms: Pick<Rooms, 'open'>;
}

/** With the event, where it is still here. */
export const getEventReport = endpoint({
  operation: 'adminGetEventReport',
  routes: ['GET /_synapse/admin/v1/event_reports/{reportId}'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: reportPath,
  async handle({ caller, path }, { reports, rooms }: Ports) {
    const report = await reports.ofEvent(path.reportId);
    if (!report) throw notFound('Event report not found');
    const room = await rooms.open(report.roomId);
    const seen = room && (await seenInHistory(room, report.eventId, caller.userId));
    const told = JSON.stringify(await toldReport(room, report)).slice(1, -1);
    const shown = seen ? renderedOne(seen, caller) : 'null';
    return jsonText(`{${told},"event_json":${shown}}`);
  },
});
