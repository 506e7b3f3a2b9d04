import type { Event } from '../../protocol/event.ts';
import { verifyEvents } from '../../protocol/event-signatures.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import type { RoomPorts } from '../ports.ts';

/** "Passes signature checks, otherwise it is dropped": for each event why not. The keys are got for all of them together. */
export async function complaintsAboutSignatures(
  events: readonly Event[],
  rules: RoomVersionRules,
  { eventKeys, now }: Pick<RoomPorts, 'eventKeys' | 'now'>,
): Promise<readonly (string | undefined)[]> {
  if (!eventKeys) return events.map(() => 'rooms are not shared with other servers');
  return verifyEvents(events, rules, await eventKeys(events, rules), now());
}
