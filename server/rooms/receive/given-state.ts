import type { EventId } from '../../protocol/identifiers.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import type { NumberedState } from '../state/resolve-numbered.ts';
import type { RoomStore } from '../store.ts';

/** At once: a state may have hundred thousand entries. */
const AT_ONCE = 5_000;

/** A state as another server has told it, of what is here of it; undefined where it is no state of this room. */
export async function givenState(
  room: HotRoom,
  ids: readonly EventId[],
  { store, keys }: { store: Pick<RoomStore, 'stateEntriesOf'>; keys: StateKeys },
): Promise<NumberedState | undefined> {
  const state = new Map<number, number>();
  for (let at = 0; at < ids.length; at += AT_ONCE)
    for (const entry of await store.stateEntriesOf(room.nid, ids.slice(at, at + AT_ONCE)))
      if (entry.keyNid !== null && !entry.rejected) state.set(entry.keyNid, entry.nid);
  const create = keys.find('m.room.create', '')?.keyNid;
  const isOfTheRoom = create !== undefined && state.get(create) === room.state.get(create);
  return isOfTheRoom ? state : undefined;
}

/** Those of which nothing is here. */
export async function unknownOf(
  room: HotRoom,
  ids: readonly EventId[],
  store: Pick<RoomStore, 'stateEntriesOf'>,
): Promise<readonly EventId[]> {
  const unknown = new Set(ids);
  for (let at = 0; at < ids.length; at += AT_ONCE)
    for (const { eventId } of await store.stateEntriesOf(room.nid, ids.slice(at, at + AT_ONCE)))
      unknown.delete(eventId);
  return [...unknown];
}
