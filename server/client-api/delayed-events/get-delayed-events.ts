import type { DelayedEvents } from '../../delayed-events/delayed-events.ts';
import { endpoint } from '../../http/endpoint.ts';

/** Left out of MSC4140 when that was merged (MSC4486 has it since), and still asked for by clients. */
export const getDelayedEvents = endpoint({
  operation: 'getDelayedEvents',
  routes: ['GET /_matrix/client/unstable/org.matrix.msc4140/delayed_events'],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  async handle({ caller }, { delayedEvents }: { delayedEvents: Pick<DelayedEvents, 'listOf'> }) {
    const all = await delayedEvents.listOf(caller.userId);
    return { delayed_events: all, scheduled: all };
  },
});
