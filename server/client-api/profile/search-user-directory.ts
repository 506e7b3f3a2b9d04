import { z } from 'zod';
import type { UserDirectory } from '../../accounts/user-directory.ts';
import { endpoint } from '../../http/endpoint.ts';

const LIMIT_MAX = 50;

export const searchUserDirectory = endpoint({
  operation: 'searchUserDirectory',
  routes: [
    'POST /_matrix/client/v3/user_directory/search',
    'POST /_matrix/client/r0/user_directory/search',
  ],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  body: {
    json: z.object({
      search_term: z.string().max(255),
      limit: z
        .int()
        .min(1)
        .default(10)
        .transform((limit) => Math.min(limit, LIMIT_MAX)),
    }),
  },
  handle: ({ caller, body }, { userDirectory }: { userDirectory: Pick<UserDirectory, 'search'> }) =>
    userDirectory.search(caller.userId, body.search_term, body.limit),
});
