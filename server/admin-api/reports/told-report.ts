import { z } from 'zod';
import type { EventReport } from '../../accounts/reports.ts';
import { wholeNumber } from '../../http/fields.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Room } from '../../rooms/room.ts';

/** A report in the words of Synapse. The score was taken out of the specification, and is not kept. */
export async function toldReport(room: Room | undefined, report: EventReport): Promise<JsonObject> {
  const field = async (type: string, name: string) =>
    (await room?.stateEvent(type, ''))?.content[name] ?? null;
  return {
    ...{ id: report.reportId, received_ts: report.reportedMs, score: null },
    ...{ room_id: report.roomId, event_id: report.eventId, reason: report.reason },
    ...{ user_id: report.reporter, sender: report.sender },
    name: await field('m.room.name', 'name'),
    canonical_alias: await field('m.room.canonical_alias', 'alias'),
  };
}

export const reportPath = z.object({ reportId: wholeNumber });
