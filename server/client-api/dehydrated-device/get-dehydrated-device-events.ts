import { z } from 'zod';
import type { DehydratedDevices } from '../../encryption/dehydrated-devices.ts';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name } from '../../http/fields.ts';
import { eventsText } from './events-text.ts';

/** As the MSC has it today: without `next_batch` there is no more. */
export const getDehydratedDeviceEvents = endpoint({
  operation: 'getDehydratedDeviceEvents',
  routes: [
    'GET /_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device/{deviceId}/events',
  ],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ deviceId: name }),
  query: z.object({ from: z.string().optional() }),
  async handle(
    { caller, path, query },
    { dehydratedDevices }: { dehydratedDevices: Pick<DehydratedDevices, 'mail'> },
  ) {
    const mail = await dehydratedDevices.mail(caller.userId, path.deviceId, query.from);
    return jsonText(eventsText(mail, undefined));
  },
});
