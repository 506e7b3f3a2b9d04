import type { Once } from '../../log/outcomes.ts';
import type { Person } from '../../protocol/caller.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Origin } from '../../rooms/draft.ts';

/** Where an event comes from, and that its repeat is answered with the same event id. */
export const sentBy = (caller: Person, once: Once, txnId?: string): Origin<EventId> => ({
  deviceId: caller.deviceId,
  txnId,
  outcome: (event_id) => once.outcome(200, { event_id }),
});

/** For endpoints that answer something which does not depend on the event. */
export const answering = (once: Once, body: JsonObject): Origin<EventId> => ({
  outcome: () => once.outcome(200, body),
});
