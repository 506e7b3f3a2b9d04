import type { HotRoom } from '../memory/hot-room.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import type { RoomEvent } from '../room-event.ts';

/** What an event of the timeline did to the room's state. */
export interface Step {
  readonly event: RoomEvent;
  /** The key whose event it became; undefined where it left the state as it was. */
  readonly keyNid: number | undefined;
}

/**
 * Back from the room's current state along the newest events in memory, as far as each was built on the
 * very state that the one before it left: so far nothing else changed it, and the state before an event
 * is the one behind it with what the event replaced. Small rooms are gone through to their beginning
 * so, without any of their states being read.
 */
export function* stepsBack(room: HotRoom, keys: StateKeys): Generator<Step> {
  let { stateNid } = room;
  for (const event of room.timeline.newestFirst()) {
    const { type, stateKey, stateBefore, stateAfter } = event;
    if (stateAfter !== stateNid || stateBefore === undefined) return;
    const changed = stateBefore !== stateAfter;
    const key = changed && stateKey !== undefined ? keys.find(type, stateKey) : undefined;
    if (changed && key === undefined) return;
    yield { event, keyNid: key?.keyNid };
    stateNid = stateBefore;
  }
}
