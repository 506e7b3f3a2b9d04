import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { userId } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import { type ShownProfilePorts, shownProfile } from './shown-profile.ts';

export const getUserProfile = endpoint({
  operation: 'getUserProfile',
  routes: ['GET /_matrix/client/v3/profile/{userId}', 'GET /_matrix/client/r0/profile/{userId}'],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ userId }),
  async handle({ path, request }, ports: ShownProfilePorts) {
    const profile = await shownProfile(ports, path.userId, request);
    if (!profile) throw notFound('There is no such user');
    return profile;
  },
});
