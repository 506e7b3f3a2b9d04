import { z } from 'zod';
import type { DelayedEvents } from '../../delayed-events/delayed-events.ts';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject, roomId, wholeNumber } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { delayIn, delayInQuery } from '../delayed-events/delay-in-query.ts';
import { sentBy } from './sent-by.ts';
import { timeSaid } from './time-said.ts';

interface Ports {
  readonly rooms: Pick<Rooms, 'send'>;
  readonly delayedEvents: Pick<DelayedEvents, 'schedule'>;
}

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
  query: delayInQuery.extend({ ts: wholeNumber.optional() }),
  body: { json: jsonObject },

  async handle({ caller, path, query, body, once }, { rooms, delayedEvents }: Ports) {
    const draft = { sender: caller.userId, type: path.eventType, content: body };
    const delayMs = delayIn(query);
    const { roomId, txnId } = path;
    if (delayMs !== undefined) return delayedEvents.schedule({ roomId, draft, delayMs }, once);
    const originServerTs = timeSaid(caller, query.ts);
    const timed = { ...draft, originServerTs };
    return { event_id: await rooms.send(roomId, timed, sentBy(caller, once, txnId)) };
  },
});
