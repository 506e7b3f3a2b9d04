import { rowsAlone } from '../../log/change.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import type { Building } from '../write/building.ts';

/** A row without a head: no reader finds the room by it, and the next attempt goes on with what this one left. */
export async function roomNumber(
  { ports }: Building,
  roomId: RoomId,
  version: string,
): Promise<number> {
  const known = await ports.store.numberedRoom(roomId);
  if (known) return known.nid;
  return ports.log.commit((position) => {
    const nid = position();
    const row = ports.store.rows.room({ nid, roomId, version, published: false });
    return { change: rowsAlone([row]), value: nid };
  });
}
