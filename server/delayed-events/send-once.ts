import { onBehalfOf } from '../log/on-behalf.ts';
import type { EventId, RoomId, UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { MatrixError } from '../protocol/matrix-error.ts';
import type { Draft, Origin } from '../rooms/draft.ts';
import type { StoredDelayedEvent } from '../storage/rooms/delayed-events.ts';
import type { Row } from '../storage/write.ts';

export interface SendPorts {
  /** As if its sender asked for it now. */
  readonly send: (roomId: RoomId, draft: Draft, origin: Origin<EventId>) => Promise<EventId>;
  /** Why the user may do nothing that others see; undefined for those who may. */
  readonly mayNotAct: (userId: UserId) => Promise<MatrixError | undefined>;
}

/**
 * The event, and the row that says that it was sent, in one commit. Where the state is already as it
 * would be there is no event, and the row goes `alone`: to find that out once more does no harm.
 */
export async function sendOnce(
  { send, mayNotAct }: SendPorts,
  delayed: StoredDelayedEvent,
  say: { finalised: (eventId: EventId) => Row; alone: (eventId: EventId) => Promise<void> },
): Promise<void> {
  const refusal = await mayNotAct(delayed.userId);
  if (refusal) throw refusal;
  // An event that was refused by the database is built anew, as another one.
  let said: EventId | undefined;
  const rows = (eventId: EventId) => {
    said = eventId;
    return [say.finalised(eventId)];
  };
  const eventId = await onBehalfOf(delayed.userId, () =>
    send(delayed.roomId, draftOf(delayed), { delayId: delayed.delayId, rows }),
  );
  if (said !== eventId) await say.alone(eventId);
}

const draftOf = ({ userId, type, stateKey, content }: StoredDelayedEvent): Draft => ({
  sender: userId,
  type,
  ...(stateKey !== null && { stateKey }),
  content: JSON.parse(content) as JsonObject,
});
