import type { LogRecord } from '../log/records.ts';
import type { RoomAlias, RoomId } from '../protocol/identifiers.ts';
import { MatrixError } from '../protocol/matrix-error.ts';
import type { HotRoom } from './memory/hot-room.ts';
import type { StateKeys } from './memory/state-keys.ts';
import { changeRoom } from './write/attempt.ts';
import type { Building } from './write/building.ts';
import { RoomChangedMeanwhile } from './write/moved-meanwhile.ts';
import { roomKey } from './write/room-change.ts';

/**
 * Behind all that is on its way to the room, and nothing is built on it any more from here on. Nobody leaves it by an event of
 * their own: in a room of many each of these would wake all the others.
 */
export async function deleteRoom(building: Building, roomId: RoomId): Promise<boolean> {
  try {
    await changeRoom(building.rooms, roomId, (room) => {
      const read = () => building.ports.store.aliasesOfRoom(room.nid);
      return room.building.run({
        ...{ read, renew: read },
        act: async (aliases) => {
          if (room.isDropped) throw new RoomChangedMeanwhile();
          return commit(building, room, aliases);
        },
      });
    });
    return true;
  } catch (error) {
    if (error instanceof MatrixError && error.status === 404) return false;
    throw error;
  }
}

function commit(
  { ports, rooms, keys }: Building,
  room: HotRoom,
  aliases: readonly RoomAlias[],
): Promise<void> {
  const { nid, roomId } = room;
  const { rows } = ports.store;
  const deletedMs = ports.now();
  const committed = ports.log.commit((next) => {
    const position = next();
    const gone = [rows.noRoom(nid), rows.deletedRoom({ nid, roomId, position, deletedMs })];
    return {
      value: undefined,
      change: {
        rows: [...gone, ...aliases.map(rows.noRoomAlias)],
        records: [
          { position, record: { kind: 'room-deleted', roomId } },
          ...waitingIn(room, keys).map((record) => ({ position: next(), record })),
        ],
        touches: [roomKey(roomId)],
      },
    };
  });
  rooms.deleting(roomId, committed);
  return committed;
}

/** Whoever is invited or knocks hears of nothing in the room but what is said of themselves. */
function waitingIn({ roomId, members }: HotRoom, keys: StateKeys): LogRecord[] {
  const waiting = [...members.keys('invite'), ...members.keys('knock')];
  return waiting.map((keyNid) => {
    const { type, stateKey } = keys.byNid(keyNid);
    return { kind: 'state', roomId, type, stateKey, eventNid: null };
  });
}
