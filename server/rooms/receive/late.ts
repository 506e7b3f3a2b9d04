import type { Event } from '../../protocol/event.ts';
import { type ServerName, serverNameOf } from '../../protocol/identifiers.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { StoredEvent } from '../store.ts';
import type { Building } from '../write/building.ts';
import { commit, type TakenIn } from './take-in.ts';

/**
 * Whether it was found as earlier history and is told only now by its own server, of its own accord: that held it back, and
 * somebody paged back to it first. Another server's word would bring all of the past into the timeline anew; and
 * what was state then would look like the state of now.
 */
export const isLate = (
  { stateKey, sender }: Event,
  stored: StoredEvent,
  pushedBy: ServerName | undefined,
): boolean =>
  stored.position === null &&
  !(stored.outlier || stored.rejected || stored.softFailed) &&
  stateKey === undefined &&
  serverNameOf(sender) === pushedBy;

/** It comes into the timeline as new. What is in the room since knows of it, so the room stays in the state that it has. */
export function takeLate(
  building: Building,
  room: HotRoom,
  event: Event,
  stored: StoredEvent,
): TakenIn {
  const committed = commit(building, room, (change) =>
    change.enterLate(event, {
      nid: stored.nid,
      ...{ stateBefore: stored.stateBefore!, stateAfter: stored.stateAfter! },
      replacesNid: stored.replacesNid ?? undefined,
    }),
  );
  return { result: { kind: 'accepted', event }, committed, isLate: true };
}
