import { z } from 'zod';
import type { ToDevice } from '../../encryption/to-device.ts';
import { endpoint } from '../../http/endpoint.ts';
import { byName, byUser, jsonObject, name } from '../../http/fields.ts';

export const sendToDevice = endpoint({
  operation: 'sendToDevice',
  routes: [
    'PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}',
    'PUT /_matrix/client/r0/sendToDevice/{eventType}/{txnId}',
  ],
  auth: 'guest',
  rateLimit: 'write',
  idempotency: 'txnId',
  path: z.object({ eventType: name, txnId: z.string() }),
  body: { json: z.object({ messages: byUser(byName(jsonObject)) }) },
  async handle({ caller, path, body, once }, { toDevice }: { toDevice: Pick<ToDevice, 'send'> }) {
    await toDevice.send(caller, path.eventType, body.messages, once);
    return {};
  },
});
