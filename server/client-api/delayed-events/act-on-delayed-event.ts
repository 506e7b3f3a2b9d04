import { z } from 'zod';
import type { DelayedEvents } from '../../delayed-events/delayed-events.ts';
import { endpoint, type RateLimit } from '../../http/endpoint.ts';
import { jsonObject, name } from '../../http/fields.ts';

export interface ActionPorts {
  readonly delayedEvents: Pick<DelayedEvents, 'restart' | 'cancel' | 'send'>;
}

type Action = 'restart' | 'cancel' | 'send';

/**
 * Whoever knows the id of a delay may act on it: a service that sees that somebody has left a call
 * does so for them. Acting twice is told apart from acting against each other by what became of it.
 */
const actOnDelayedEvent = (action: Action, rateLimit: RateLimit) =>
  endpoint({
    operation: `${action}DelayedEvent`,
    routes: [
      `POST /_matrix/client/unstable/org.matrix.msc4140/delayed_events/{delayId}/${action}`,
      `POST /_matrix/client/v1/delayed_events/{delayId}/${action}`,
    ],
    auth: 'nobody',
    rateLimit,
    idempotency: 'natural',
    path: z.object({ delayId: name }),
    body: { json: jsonObject, mayBeEmpty: true },
    async handle({ path }, { delayedEvents }: ActionPorts) {
      await delayedEvents[action](path.delayId);
      return {};
    },
  });

// All in a call restart theirs every few seconds, through one service, and nothing is written.
export const restartDelayedEvent = actOnDelayedEvent('restart', 'read');
export const cancelDelayedEvent = actOnDelayedEvent('cancel', 'write');
export const sendDelayedEvent = actOnDelayedEvent('send', 'write');

/** How clients of before say it. */
export const updateDelayedEvent = endpoint({
  operation: 'updateDelayedEvent',
  routes: ['POST /_matrix/client/unstable/org.matrix.msc4140/delayed_events/{delayId}'],
  auth: 'nobody',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ delayId: name }),
  body: { json: z.object({ action: z.enum(['restart', 'cancel', 'send']) }) },
  async handle({ path, body }, { delayedEvents }: ActionPorts) {
    await delayedEvents[body.action](path.delayId);
    return {};
  },
});
