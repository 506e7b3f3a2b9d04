import { setImmediate as turn } from 'node:timers/promises';
import type { Event } from '../../protocol/event.ts';
import { verifyEvents } from '../../protocol/event-signatures.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import type { RoomPorts } from '../ports.ts';

/** The text that was signed is made of each anew: of more than these others have to wait. */
const AT_ONCE = 50;

/** "Passes signature checks, otherwise it is dropped": for each event why not. The keys are got for all of them together. */
export async function complaintsAboutSignatures(
  events: readonly Event[],
  rules: RoomVersionRules,
  { eventKeys, now, notary }: Pick<RoomPorts, 'eventKeys' | 'now'> & { notary?: ServerName },
): Promise<readonly (string | undefined)[]> {
  if (!eventKeys) return events.map(() => 'rooms are not shared with other servers');
  const keys = await eventKeys(events, rules, notary);
  const complaints: (string | undefined)[] = [];
  for (let from = 0; from < events.length; from += AT_ONCE) {
    if (from > 0) await turn();
    complaints.push(
      ...(await verifyEvents(events.slice(from, from + AT_ONCE), rules, keys, now())),
    );
  }
  return complaints;
}
