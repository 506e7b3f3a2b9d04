import { z } from 'zod';
import type { ThirdParties } from '../../app-services/third-parties.ts';
import { endpoint } from '../../http/endpoint.ts';
import { userId } from '../../http/fields.ts';

export const queryUserByID = endpoint({
  operation: 'queryUserByID',
  routes: ['GET /_matrix/client/v3/thirdparty/user'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({ userid: userId }),
  handle: (
    { caller, query: fields },
    { thirdParties }: { thirdParties: Pick<ThirdParties, 'find'> },
  ) => thirdParties.find(caller.userId, { what: 'user', fields }),
});
