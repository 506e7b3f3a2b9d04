import { z } from 'zod';
import type { DehydratedDevices } from '../../encryption/dehydrated-devices.ts';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name } from '../../http/fields.ts';
import { eventsText } from './events-text.ts';

/** As the MSC had it: clients of before end when there are no events, and want a `next_batch` always. */
export const postDehydratedDeviceEvents = endpoint({
  operation: 'postDehydratedDeviceEvents',
  routes: [
    'POST /_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device/{deviceId}/events',
  ],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ deviceId: name }),
  body: { json: z.object({ next_batch: z.string().optional() }), mayBeEmpty: true },
  async handle(
    { caller, path, body },
    { dehydratedDevices }: { dehydratedDevices: Pick<DehydratedDevices, 'mail'> },
  ) {
    const mail = await dehydratedDevices.mail(caller.userId, path.deviceId, body.next_batch);
    return jsonText(eventsText(mail, body.next_batch ?? '0'));
  },
});
