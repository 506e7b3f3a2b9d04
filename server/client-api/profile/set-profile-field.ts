import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject, userId } from '../../http/fields.ts';
import { missingParam } from '../../http/matrix-error.ts';
import { refuseOthersProfile, refuseWrongName } from './profile-field.ts';
import { type ProfilePorts, putProfileField } from './put-profile-field.ts';

export const setProfileField = endpoint({
  operation: 'setProfileField',
  routes: [
    'PUT /_matrix/client/v3/profile/{userId}/{keyName}',
    'PUT /_matrix/client/r0/profile/{userId}/{keyName}',
  ],
  auth: 'guest',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ userId, keyName: z.string() }),
  body: { json: jsonObject },

  async handle({ caller, path, body }, ports: ProfilePorts) {
    const { keyName } = path;
    refuseOthersProfile(caller.userId, path.userId);
    refuseWrongName(keyName);
    const value = Object.hasOwn(body, keyName) ? body[keyName] : undefined;
    if (value === undefined) throw missingParam(`${keyName} is missing`);
    await putProfileField(ports, path.userId, keyName, value);
    return {};
  },
});
