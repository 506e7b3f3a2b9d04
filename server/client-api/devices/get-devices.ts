import type { Devices } from '../../accounts/devices.ts';
import { endpoint } from '../../http/endpoint.ts';
import { clientDevice } from './client-device.ts';

export const getDevices = endpoint({
  operation: 'getDevices',
  routes: ['GET /_matrix/client/v3/devices', 'GET /_matrix/client/r0/devices'],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  async handle({ caller }, { devices }: { devices: Pick<Devices, 'list'> }) {
    return { devices: (await devices.list(caller.userId)).map(clientDevice) };
  },
});
