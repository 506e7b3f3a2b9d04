import { commitRows } from '../../log/commit-rows.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import { committedWith, type Origin } from '../draft.ts';
import type { Building } from '../write/building.ts';

/** Behind an event that was taken in like those of others: who asks again because this was lost asks for what is so already, which changes nothing. */
export async function noteOutcome(
  { ports }: Building,
  eventId: EventId,
  origin: Origin<EventId>,
): Promise<void> {
  const { rows, outcome } = committedWith(origin, eventId);
  if (rows.length === 0 && outcome === undefined) return;
  await commitRows(ports.log, rows, outcome);
}
