import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { beginDeletion, type DeletionPorts, deletion } from './room-deletion.ts';

/** The same as it was called before, and as moderators' bots call it: it is told at once who was in the room. */
export const deleteRoomAtOnce = endpoint({
  operation: 'adminDeleteRoomV1',
  routes: ['DELETE /_synapse/admin/v1/rooms/{roomId}'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomId }),
  body: { json: deletion, mayBeEmpty: true },
  async handle({ caller, path, body: asked, once }, ports: DeletionPorts) {
    const order = { ...path, by: caller.userId, action: 'adminDeleteRoomV1', asked };
    const { told } = await beginDeletion(ports, order, ({ told }) => once.outcome(200, told));
    return told;
  },
});
