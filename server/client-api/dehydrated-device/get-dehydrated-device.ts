import type { DehydratedDevices } from '../../encryption/dehydrated-devices.ts';
import { endpoint } from '../../http/endpoint.ts';

export const getDehydratedDevice = endpoint({
  operation: 'getDehydratedDevice',
  routes: ['GET /_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  handle: (
    { caller },
    { dehydratedDevices }: { dehydratedDevices: Pick<DehydratedDevices, 'get'> },
  ) => dehydratedDevices.get(caller.userId),
});
