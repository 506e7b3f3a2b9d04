import { z } from 'zod';
import type { DelayedEvents } from '../../delayed-events/delayed-events.ts';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject, roomId, wholeNumber } from '../../http/fields.ts';
import { delayIn, delayInQuery } from '../delayed-events/delay-in-query.ts';
import { type SendDraftPorts, sendDraft } from './send-draft.ts';
import { sentBy } from './sent-by.ts';
import { timeSaid } from './time-said.ts';

interface Ports extends SendDraftPorts {
  readonly delayedEvents: Pick<DelayedEvents, 'schedule'>;
}

export const setRoomStateWithKey = endpoint({
  operation: 'setRoomStateWithKey',
  routes: [
    'PUT /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}',
    'PUT /_matrix/client/v3/rooms/{roomId}/state/{eventType}/',
    'PUT /_matrix/client/v3/rooms/{roomId}/state/{eventType}',
    'PUT /_matrix/client/r0/rooms/{roomId}/state/{eventType}/{stateKey}',
    'PUT /_matrix/client/r0/rooms/{roomId}/state/{eventType}',
  ],
  auth: 'guest',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomId, eventType: z.string(), stateKey: z.string().default('') }),
  query: delayInQuery.extend({ ts: wholeNumber.optional() }),
  body: { json: jsonObject },

  async handle({ caller, path, query, body, once }, { delayedEvents, ...ports }: Ports) {
    const { roomId, eventType: type, stateKey } = path;
    const draft = { sender: caller.userId, type, stateKey, content: body };
    const delayMs = delayIn(query);
    if (delayMs !== undefined) return delayedEvents.schedule({ roomId, draft, delayMs }, once);
    const timed = { ...draft, originServerTs: timeSaid(caller, query.ts) };
    return { event_id: await sendDraft(ports, roomId, timed, sentBy(caller, once)) };
  },
});
