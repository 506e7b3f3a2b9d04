import { z } from 'zod';
import type { DelayedEvents } from '../../delayed-events/delayed-events.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name } from '../../http/fields.ts';

export const getDelayedEvent = endpoint({
  operation: 'getDelayedEvent',
  routes: [
    'GET /_matrix/client/unstable/org.matrix.msc4140/delayed_events/{delayId}',
    'GET /_matrix/client/v1/delayed_events/{delayId}',
  ],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ delayId: name }),
  handle: ({ caller, path }, { delayedEvents }: { delayedEvents: Pick<DelayedEvents, 'get'> }) =>
    delayedEvents.get(path.delayId, caller.userId),
});
