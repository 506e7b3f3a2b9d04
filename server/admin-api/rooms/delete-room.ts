import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { beginDeletion, type DeletionPorts, deletion } from './room-deletion.ts';

/** The room is taken away behind the answer: see `adminGetRoomDeletions`. */
export const deleteRoom = endpoint({
  operation: 'adminDeleteRoom',
  routes: ['DELETE /_synapse/admin/v2/rooms/{roomId}'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomId }),
  body: { json: deletion, mayBeEmpty: true },
  async handle({ caller, path, body: asked, once }, ports: DeletionPorts) {
    const order = { ...path, by: caller.userId, action: 'adminDeleteRoom', asked };
    const { orderId } = await beginDeletion(ports, order, ({ orderId }) =>
      once.outcome(200, { delete_id: orderId }),
    );
    return { delete_id: orderId };
  },
});
