import type { JsonObject } from '../protocol/json.ts';
import type { StoredDelayedEvent } from '../storage/rooms/delayed-events.ts';

/** As its owner is told; `delay` and `running_since` are the names of before the proposal was merged. */
export function shownDelayedEvent(delayed: StoredDelayedEvent): JsonObject {
  const { delayMs, sinceMs, finalisedMs, eventId, error } = delayed;
  return {
    delay_id: delayed.delayId,
    room_id: delayed.roomId,
    type: delayed.type,
    ...(delayed.stateKey !== null && { state_key: delayed.stateKey }),
    content: JSON.parse(delayed.content) as JsonObject,
    ...{ delay_ms: delayMs, delayed_since_ts: sinceMs, delay: delayMs, running_since: sinceMs },
    ...(finalisedMs !== null && {
      finalised: {
        finalised_ts: finalisedMs,
        ...(eventId !== null && { event_id: eventId }),
        ...(error !== null && { error: JSON.parse(error) as JsonObject }),
      },
    }),
  };
}
