import { z } from 'zod';
import type { Devices } from '../../accounts/devices.ts';
import { Answer } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name } from '../../http/fields.ts';

interface Ports {
  readonly devices: Pick<Devices, 'get' | 'make' | 'rename'>;
}

export const updateDevice = endpoint({
  operation: 'updateDevice',
  routes: ['PUT /_matrix/client/v3/devices/{deviceId}'],
  auth: 'guest',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ deviceId: name }),
  body: { json: z.object({ display_name: z.string().max(255).optional() }) },

  /** Without a name nothing is changed, but the device must be there. An application service makes it. */
  async handle({ caller, path, body }, { devices }: Ports) {
    const { userId } = caller;
    const { deviceId } = path;
    const displayName = body.display_name;
    const isMaking = caller.kind === 'user' && caller.service !== undefined;
    if (isMaking && (await devices.make(userId, { deviceId, displayName: displayName ?? null })))
      return new Answer(201, { 'content-type': 'application/json' }, '{}');
    if (displayName === undefined) await devices.get(userId, deviceId);
    else await devices.rename(userId, deviceId, displayName);
    return {};
  },
});
