import type { RoomId } from '../../protocol/identifiers.ts';
import { membershipOf } from '../membership/membership.ts';
import { pduIn } from '../read/stored-event.ts';
import { rulesOfStored } from '../rules-of-stored.ts';
import { StateLayers } from '../state/state-layers.ts';
import type { RoomStore, StoredRoom } from '../store.ts';
import { HotRoom } from './hot-room.ts';
import { extremityOf } from './room-head.ts';
import type { StateKeys } from './state-keys.ts';

type Store = Pick<RoomStore, 'roomsById' | 'stateWithBases'>;

/** Reads rooms as they are stored, all of them in one query, and a second for keys that are new here. Those that are not there are left out. */
export async function loadRooms(
  { store, keys }: { store: Store; keys: StateKeys },
  roomIds: readonly RoomId[],
): Promise<Map<RoomId, HotRoom>> {
  const stored = await store.roomsById(roomIds);
  const rooms = new Map(stored.map((room) => [room.roomId, hotRoom(room)]));
  for (const room of rooms.values()) if (room.isPartial) await leaveOutLaid(room, store);
  const keyNids = new Set<number>();
  for (const { state } of rooms.values()) for (const keyNid of state.keys()) keyNids.add(keyNid);
  await keys.learnNids([...keyNids]);
  return rooms;
}

/** Members that are laid down for it are in its state with the rest of them, or not at all. */
async function leaveOutLaid({ state, members, stateNid }: HotRoom, store: Store): Promise<void> {
  const layers = await store.stateWithBases(stateNid);
  const there = new StateLayers(layers.map(({ entries }) => entries)).toMap();
  for (const keyNid of [...state.keys()])
    if (!there.has(keyNid)) {
      state.delete(keyNid);
      members.set(keyNid, undefined);
    }
}

function hotRoom(stored: StoredRoom): HotRoom {
  const rules = rulesOfStored(stored);
  const ends = stored.forwardExtremities.map((each) => {
    const pdu = each.json === null ? {} : pduIn(each.json, rules);
    return extremityOf({ ...each, pdu }, each.nid, rules);
  });
  const state = new Map<number, number>();
  const room = new HotRoom({ ...stored, rules, state, extremities: ends, isCommitted: true });
  for (const entry of stored.state?.split(',') ?? []) {
    const [keyNid, eventNid, membership] = entry.split(' ');
    state.set(Number(keyNid), Number(eventNid));
    if (membership !== undefined) room.members.set(Number(keyNid), membershipOf(membership));
  }
  return room;
}
