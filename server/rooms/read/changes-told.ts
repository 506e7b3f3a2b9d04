import type { HotRoom } from '../memory/hot-room.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import { EMPTY_STATE_NID } from '../state/state-chain.ts';
import type { StateChange } from '../store.ts';
import { stepsBack } from './steps-back.ts';

/** A change of the state, wherever in the log it stands. */
export type PlainChange = Pick<StateChange, 'keyNid' | 'eventNid' | 'replacedNid'>;

/**
 * What changed the state in (after, upTo], in order, where events in memory tell all of it; else
 * undefined. A change has a position of its own, just behind its event's: so they are told apart only
 * where a range begins before an event and ends with the room.
 */
export function changesTold(
  room: HotRoom,
  keys: StateKeys,
  { after, upTo }: { after: number; upTo: number },
): PlainChange[] | undefined {
  if (upTo < room.lastPosition) return undefined;
  const changes: PlainChange[] = [];
  for (const { event, keyNid } of stepsBack(room, keys)) {
    if (event.position <= after) return undefined;
    const { nid: eventNid, replacesNid: replacedNid = null } = event;
    if (keyNid !== undefined) changes.push({ keyNid, eventNid, replacedNid });
    if (event.position === after + 1 || event.stateBefore === EMPTY_STATE_NID)
      return changes.reverse();
  }
  return undefined;
}
