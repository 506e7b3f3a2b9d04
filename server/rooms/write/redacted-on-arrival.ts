import type { Event } from '../../protocol/event.ts';
import { redactedEvent } from '../../protocol/parse-event.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import { clientMembers, redactedBecauseMember } from '../client-members.ts';
import type { RoomEvent } from '../room-event.ts';

/** A redaction that was there before what it redacts. */
export interface EarlyRedaction {
  readonly nid: number;
  readonly event: Event;
}

/** An event as readers see it that was redacted before it came. */
export function redactedOnArrival(
  seen: RoomEvent,
  { event, redaction }: { readonly event: Event; readonly redaction: Event },
  rules: RoomVersionRules,
): RoomEvent {
  const { content, pdu } = redactedEvent(event, rules);
  const because = redactedBecauseMember(clientMembers(redaction.eventId, redaction.pdu));
  const unsigned = [because, ...(seen.unsigned === '' ? [] : [seen.unsigned])].join();
  return { ...seen, content, members: clientMembers(event.eventId, pdu), unsigned };
}
