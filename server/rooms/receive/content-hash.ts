import type { Event } from '../../protocol/event.ts';
import { contentHashMatches } from '../../protocol/hashes.ts';
import { redactedEvent } from '../../protocol/parse-event.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';

/** "Passes hash checks, otherwise it is redacted before being processed further." */
export const withHashedContent = (event: Event, rules: RoomVersionRules): Event =>
  contentHashMatches(event.pdu) ? event : redactedEvent(event, rules);
