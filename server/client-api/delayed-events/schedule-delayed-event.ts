import { z } from 'zod';
import type { DelayedEvents } from '../../delayed-events/delayed-events.ts';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject, roomId } from '../../http/fields.ts';

export const scheduleDelayedEvent = endpoint({
  operation: 'scheduleDelayedEvent',
  routes: [
    'PUT /_matrix/client/unstable/org.matrix.msc4140/rooms/{roomId}/delayed_event/{eventType}/{txnId}',
    'PUT /_matrix/client/v3/rooms/{roomId}/delayed_event/{eventType}/{txnId}',
  ],
  auth: 'guest',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'txnId',
  path: z.object({ roomId, eventType: z.string(), txnId: z.string() }),
  body: {
    json: z.object({
      delay_ms: z.int().min(1),
      state_key: z.string().optional(),
      content: jsonObject,
    }),
  },

  async handle(
    { caller, path: { roomId, eventType: type }, body, once },
    { delayedEvents }: { delayedEvents: Pick<DelayedEvents, 'schedule'> },
  ) {
    const { delay_ms: delayMs, state_key: stateKey, content } = body;
    const draft = { sender: caller.userId, type, stateKey, content };
    return delayedEvents.schedule({ roomId, draft, delayMs }, once);
  },
});
