import { parsedIn, parseRoomId, type RoomId } from '../protocol/identifiers.ts';
import { isObject } from '../protocol/json.ts';
import type { Room } from '../rooms/room.ts';
import type { Rooms } from '../rooms/rooms.ts';

/** An upgraded room was upgraded once or twice; a ring of rooms that name each other has no end. */
const PREDECESSORS_MAX = 20;

/** With the rooms whose place these have taken: to people it is one conversation. */
export async function withPredecessors(
  rooms: Pick<Rooms, 'open'>,
  roomIds: readonly RoomId[],
): Promise<Set<RoomId>> {
  const all = new Set(roomIds);
  for (const roomId of roomIds) {
    let [room, count] = [await rooms.open(roomId), 0];
    while (room && count < PREDECESSORS_MAX) {
      const predecessor = await predecessorOf(room);
      if (predecessor === undefined || all.has(predecessor)) break;
      all.add(predecessor);
      room = await rooms.open(predecessor);
      count += 1;
    }
  }
  return all;
}

async function predecessorOf(room: Room): Promise<RoomId | undefined> {
  const create = await room.stateEvent('m.room.create', '');
  const named = create?.content.predecessor;
  return isObject(named) ? parsedIn(named.room_id, parseRoomId) : undefined;
}
