import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject, roomId } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { sentBy } from './sent-by.ts';

export const sendMessage = endpoint({
  operation: 'sendMessage',
  routes: [
    'PUT /_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}',
    'PUT /_matrix/client/r0/rooms/{roomId}/send/{eventType}/{txnId}',
  ],
  auth: 'guest',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'txnId',
  path: z.object({ roomId, eventType: z.string(), txnId: z.string() }),
  body: { json: jsonObject },

  async handle({ caller, path, body, once }, { rooms }: { rooms: Pick<Rooms, 'send'> }) {
    const draft = { sender: caller.userId, type: path.eventType, content: body };
    const event_id = await rooms.send(path.roomId, draft, sentBy(caller, once, path.txnId));
    return { event_id };
  },
});
