import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { name, roomId } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import type { LongOrder, LongOrders } from '../../orders/long-orders.ts';
import { isDeletion } from './room-deletion.ts';

export const getRoomDeletions = endpoint({
  operation: 'adminGetRoomDeletions',
  routes: ['GET /_synapse/admin/v2/rooms/{roomId}/delete_status'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  async handle({ path }, { longOrders }: { longOrders: Pick<LongOrders, 'of'> }) {
    const orders = (await longOrders.of(path.roomId)).filter(isDeletion);
    if (orders.length === 0) throw notFound(`${path.roomId} was not deleted lately`);
    return { results: orders.map((each) => ({ delete_id: each.orderId, ...toldDeletion(each) })) };
  },
});

export const getRoomDeletion = endpoint({
  operation: 'adminGetRoomDeletion',
  routes: ['GET /_synapse/admin/v2/rooms/delete_status/{deleteId}'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ deleteId: name }),
  async handle({ path }, { longOrders }: { longOrders: Pick<LongOrders, 'get'> }) {
    const order = await longOrders.get(path.deleteId);
    if (!order || !isDeletion(order)) throw notFound('There is no such deletion');
    return toldDeletion(order);
  },
});

/** By the names of Synapse: what is done to people is `shutdown_room`. */
function toldDeletion({ target, status, told }: LongOrder) {
  const { error, ...shutdown } = told;
  return {
    ...{ room_id: target, status, shutdown_room: shutdown },
    ...(error !== undefined && { error }),
  };
}
