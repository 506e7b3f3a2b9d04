import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject, name, roomId } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { sentBy } from './sent-by.ts';

/** No longer in the specification: how old clients, and people with curl, send. */
export const sendMessageWithoutTxn = endpoint({
  operation: 'sendMessageWithoutTxn',
  routes: [
    'POST /_matrix/client/v3/rooms/{roomId}/send/{eventType}',
    'POST /_matrix/client/r0/rooms/{roomId}/send/{eventType}',
  ],
  auth: 'user',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomId, eventType: name }),
  body: { json: jsonObject },

  async handle({ caller, path, body, once }, { rooms }: { rooms: Pick<Rooms, 'send'> }) {
    const draft = { sender: caller.userId, type: path.eventType, content: body };
    return { event_id: await rooms.send(path.roomId, draft, sentBy(caller, once)) };
  },
});
