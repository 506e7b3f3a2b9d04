import { type ServerName, serverNameOf, type UserId } from '../../protocol/identifiers.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { parsedEventOf } from '../read/stored-event.ts';
import type { StoredEvent } from '../store.ts';
import type { Building } from '../write/building.ts';
import { commit, type TakenIn } from './take-in.ts';

/**
 * Whether it was found as earlier history and is told only now by its own server, of its own accord: that held it back, and
 * somebody paged back to it first. Another server's word would bring all of the past into the timeline anew; and
 * what was state then would look like the state of now.
 */
export const isLate = (stored: StoredEvent, pushedBy: ServerName | undefined): boolean =>
  stored.position === null &&
  !(stored.outlier || stored.rejected || stored.softFailed) &&
  isSaidAt(stored, pushedBy);

function isSaidAt({ json }: StoredEvent, server: ServerName | undefined): boolean {
  const pdu = JSON.parse(json) as { readonly sender: UserId; readonly state_key?: string };
  return pdu.state_key === undefined && serverNameOf(pdu.sender) === server;
}

/** It comes into the timeline as new. What is in the room since knows of it, so the room stays in the state that it has. */
export function takeLate(building: Building, room: HotRoom, stored: StoredEvent): TakenIn {
  const event = parsedEventOf(stored, room.rules);
  const committed = commit(building, room, (change) =>
    change.enterLate(event, {
      nid: stored.nid,
      ...{ stateBefore: stored.stateBefore!, stateAfter: stored.stateAfter! },
      replacesNid: stored.replacesNid ?? undefined,
    }),
  );
  return { result: { kind: 'accepted', event }, committed, isLate: true };
}
