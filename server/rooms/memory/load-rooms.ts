import type { RoomId } from '../../protocol/identifiers.ts';
import { membershipOf } from '../membership/membership.ts';
import { pduIn } from '../read/stored-event.ts';
import { rulesOfStored } from '../rules-of-stored.ts';
import type { RoomStore, StateEntry, StoredRoom } from '../store.ts';
import { HotRoom } from './hot-room.ts';
import { extremityOf } from './room-head.ts';
import type { StateKeys } from './state-keys.ts';

type Store = Pick<RoomStore, 'roomsById' | 'currentStates'>;

/** Reads rooms as they are stored, all of them in two queries, and a third for keys that are new here. Those that are not there are left out. */
export async function loadRooms(
  { store, keys }: { store: Store; keys: StateKeys },
  roomIds: readonly RoomId[],
): Promise<Map<RoomId, HotRoom>> {
  const stored = await store.roomsById(roomIds);
  if (stored.length === 0) return new Map();
  const entries = await store.currentStates(stored.map(({ nid }) => nid));
  const entriesOf = Map.groupBy(entries, ({ roomNid }) => roomNid);
  await keys.learnNids([...new Set(entries.map(({ keyNid }) => keyNid))]);
  return new Map(stored.map((room) => [room.roomId, hotRoom(room, entriesOf.get(room.nid) ?? [])]));
}

function hotRoom(stored: StoredRoom, entries: readonly StateEntry[]): HotRoom {
  const rules = rulesOfStored(stored);
  const state = new Map(entries.map((entry) => [entry.keyNid, entry.eventNid]));
  const ends = stored.forwardExtremities.map((each) => {
    const pdu = each.json === null ? {} : pduIn(each.json, rules);
    return extremityOf({ ...each, pdu }, each.nid, rules);
  });
  const room = new HotRoom({ ...stored, rules, state, extremities: ends, isCommitted: true });
  for (const entry of entries) {
    const membership = membershipOf(entry.membership);
    if (membership) room.members.set(entry.keyNid, membership);
  }
  return room;
}
