import { z } from 'zod';
import type { Profiles } from '../../accounts/profiles.ts';
import { endpoint } from '../../http/endpoint.ts';
import { userId } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';

export const getUserProfile = endpoint({
  operation: 'getUserProfile',
  routes: ['GET /_matrix/client/v3/profile/{userId}', 'GET /_matrix/client/r0/profile/{userId}'],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ userId }),
  async handle({ path }, { profiles }: { profiles: Pick<Profiles, 'of'> }) {
    const profile = await profiles.of(path.userId);
    if (!profile) throw notFound('There is no such user here');
    return profile;
  },
});
