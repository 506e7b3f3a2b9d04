import type { DehydratedDevices } from '../../encryption/dehydrated-devices.ts';
import { endpoint } from '../../http/endpoint.ts';

export const deleteDehydratedDevice = endpoint({
  operation: 'deleteDehydratedDevice',
  routes: ['DELETE /_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  handle: (
    { caller, once },
    { dehydratedDevices }: { dehydratedDevices: Pick<DehydratedDevices, 'delete'> },
  ) => dehydratedDevices.delete(caller.userId, once),
});
