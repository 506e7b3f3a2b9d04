import type { Reading } from '../../rooms/read/reading.ts';
import type { Place } from '../../rooms/store.ts';

/** Behind all that is there for this reader. A departure that no timeline has, as of an invitation, stands where it says. */
export function lastPlace({ room, departure }: Reading): Place | Promise<Place> {
  if (departure?.position === 0) return departure;
  return room.upperEdge(departure?.position ?? room.lastPosition);
}
