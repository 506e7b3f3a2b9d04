import { authEventKeys } from '../../protocol/auth-events.ts';
import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import type { Event, StateEvent } from '../../protocol/event.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { parsedEventOf } from '../read/stored-event.ts';
import type { RoomStore } from '../store.ts';

/**
 * The auth events that the event names, or which of them are not here. Mostly they are those of the current state. What is on
 * its way is in memory, but for what is kept apart: so where one is missing, it is looked for once more behind that.
 */
export async function authEventsOf(
  room: HotRoom,
  event: Event,
  state: AuthState,
  store: Pick<RoomStore, 'eventsById'>,
): Promise<{ readonly found: readonly StateEvent[]; readonly missing: readonly EventId[] }> {
  const known = new Map<EventId, StateEvent>();
  for (const [type, stateKey] of authEventKeys(event, room.rules)) {
    const current = state.get(type, stateKey);
    if (current) known.set(current.eventId, current);
  }
  const missing = () => event.authEvents.filter((id) => !known.has(id));
  for (const id of missing()) {
    const pending = room.pendingById(id);
    if (pending) known.set(id, pending.parsed);
  }
  const read = async () => {
    for (const stored of await store.eventsById(missing()))
      if (stored.roomNid === room.nid) known.set(stored.eventId, parsedEventOf(stored, room.rules));
  };
  if (missing().length > 0) await read();
  if (missing().length > 0) {
    await room.settled;
    await read();
  }
  return { found: event.authEvents.flatMap((id) => known.get(id) ?? []), missing: missing() };
}
