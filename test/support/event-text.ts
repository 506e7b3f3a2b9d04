import type { Event } from '../../server/protocol/event.ts';
import type { RoomVersionRules } from '../../server/protocol/room-versions.ts';
import type { EventText } from '../../server/rooms/read/stored-event.ts';

/** An event that was made by hand as if it had been stored, with a PDU made of its fields. */
export const textOfEvent = (event: Event, rules: RoomVersionRules): EventText => ({
  ...{ eventId: event.eventId, rejected: event.rejected, redactionId: null },
  json: JSON.stringify({
    ...{ event_id: event.eventId, room_id: event.roomId, type: event.type, sender: event.sender },
    ...{ state_key: event.stateKey, content: event.content, depth: event.depth },
    auth_events: event.authEvents.map((eventId) => named(eventId, rules)),
    prev_events: event.prevEvents.map((eventId) => named(eventId, rules)),
    origin_server_ts: event.originServerTs,
  }),
});

/** In versions 1 and 2 an event is named with its hash, which nobody looks at here. */
const named = (eventId: string, { eventIdForm }: RoomVersionRules) =>
  eventIdForm === 'given' ? [eventId, { sha256: 'x' }] : eventId;
