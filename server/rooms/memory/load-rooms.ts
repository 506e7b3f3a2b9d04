import type { RoomId } from '../../protocol/identifiers.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import { membershipOf } from '../membership/membership.ts';
import { pduIn } from '../read/stored-event.ts';
import type { RoomStore, StateEntry, StoredEvent, StoredRoom } from '../store.ts';
import { HotRoom } from './hot-room.ts';
import { extremityOf } from './room-head.ts';
import type { StateKeys } from './state-keys.ts';

type Store = Pick<RoomStore, 'roomsById' | 'currentStates' | 'eventsByNid'>;

/** Reads rooms as they are stored, all of them in three queries. Those that are not there are left out. */
export async function loadRooms(
  { store, keys }: { store: Store; keys: StateKeys },
  roomIds: readonly RoomId[],
): Promise<Map<RoomId, HotRoom>> {
  const stored = await store.roomsById(roomIds);
  if (stored.length === 0) return new Map();
  const [entries, extremities] = await Promise.all([
    store.currentStates(stored.map(({ nid }) => nid)),
    store.eventsByNid(stored.flatMap(({ forwardExtremities }) => forwardExtremities)),
  ]);
  const entriesOf = Map.groupBy(entries, ({ roomNid }) => roomNid);
  const extremitiesOf = Map.groupBy(extremities, ({ roomNid }) => roomNid);
  for (const entry of entries) keys.remember(entry);
  return new Map(
    stored.map((room) => {
      const ends = extremitiesOf.get(room.nid) ?? [];
      return [room.roomId, hotRoom(room, entriesOf.get(room.nid) ?? [], ends)];
    }),
  );
}

function hotRoom(
  stored: StoredRoom,
  entries: readonly StateEntry[],
  extremities: readonly StoredEvent[],
): HotRoom {
  const { roomId, version } = stored;
  const rules = rulesOf(version);
  if (!rules) throw new Error(`Room ${roomId} has the unknown version ${version}`);
  const state = new Map(entries.map((entry) => [entry.keyNid, entry.eventNid]));
  const ends = extremities.map((each) =>
    extremityOf({ ...each, pdu: pduIn(each.json, rules) }, each.nid, rules),
  );
  const room = new HotRoom({ ...stored, rules, state, extremities: ends, isCommitted: true });
  for (const entry of entries) {
    const membership = membershipOf(entry.membership);
    if (membership) room.members.set(entry.keyNid, membership);
  }
  return room;
}
