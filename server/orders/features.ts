import type { Stored } from '../log/stored.ts';
import type { Rooms } from '../rooms/rooms.ts';
import { deleteRoom } from './delete-room.ts';
import { LongOrders } from './long-orders.ts';
import { purgeHistory } from './purge-history.ts';
import { redactRelated } from './redact-related.ts';
import { redactUser } from './redact-user.ts';

/** Everything of this folder, put together. */
export function orderFeatures(
  stored: Stored,
  { rooms, onError }: { rooms: Rooms; onError: (error: unknown) => void },
) {
  const longOrders = new LongOrders({
    ...{ stored, onError },
    works: {
      'redact-user': redactUser(rooms),
      'delete-room': deleteRoom({ rooms, database: stored.database }),
      'purge-history': purgeHistory({ rooms, stored }),
    },
  });
  // Of users: they wait for each other, and not for what an administrator ordered.
  const relatedRedactions = new LongOrders({
    ...{ stored, onError },
    works: { 'redact-related': redactRelated(rooms) },
  });
  const all = [longOrders, relatedRedactions];
  for (const each of all) void each.resume().catch(onError);
  return {
    ports: { longOrders, relatedRedactions },
    close() {
      for (const each of all) each.close();
    },
  };
}
