import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';

interface Ports {
  readonly rooms: Pick<Rooms, 'block'>;
  readonly audit: Pick<Audit, 'note'>;
}

/** Nobody comes into a room that is blocked; who is in it stays. It need not be here. */
export const setRoomBlock = endpoint({
  operation: 'adminSetRoomBlock',
  routes: ['PUT /_synapse/admin/v1/rooms/{roomId}/block'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomId }),
  body: { json: z.object({ block: z.boolean() }) },
  async handle({ caller, path, body, once }, { rooms, audit }: Ports) {
    const order = { by: caller.userId, action: 'adminSetRoomBlock', target: path.roomId };
    await audit.note({ ...order, detail: body });
    const by = body.block ? caller.userId : undefined;
    await rooms.block(path.roomId, by, { outcome: () => once.outcome(200, body) });
    return body;
  },
});
