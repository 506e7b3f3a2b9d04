import type { Stored } from '../log/stored.ts';
import type { Rooms } from '../rooms/rooms.ts';
import { LongOrders } from './long-orders.ts';
import { redactUser } from './redact-user.ts';

/** Everything of this folder, put together. */
export function orderFeatures(
  stored: Stored,
  { rooms, onError }: { rooms: Rooms; onError: (error: unknown) => void },
) {
  const longOrders = new LongOrders({
    ...{ stored, onError },
    works: { 'redact-user': redactUser(rooms) },
  });
  void longOrders.resume().catch(onError);
  return { ports: { longOrders }, close: () => longOrders.close() };
}
