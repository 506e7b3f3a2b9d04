import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { userId } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import { type ShownProfilePorts, shownProfile } from './shown-profile.ts';

export const getProfileField = endpoint({
  operation: 'getProfileField',
  routes: [
    'GET /_matrix/client/v3/profile/{userId}/{keyName}',
    'GET /_matrix/client/r0/profile/{userId}/{keyName}',
  ],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ userId, keyName: z.string() }),
  async handle({ path, request }, ports: ShownProfilePorts) {
    const profile = (await shownProfile(ports, path.userId, request)) ?? {};
    const { keyName } = path;
    if (!Object.hasOwn(profile, keyName)) throw notFound('There is no such field in the profile');
    return { [keyName]: profile[keyName] };
  },
});
