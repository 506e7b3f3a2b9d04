import { z } from 'zod';
import type { ThirdParties } from '../../app-services/third-parties.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomAlias } from '../../http/fields.ts';

export const queryLocationByAlias = endpoint({
  operation: 'queryLocationByAlias',
  routes: ['GET /_matrix/client/v3/thirdparty/location'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({ alias: roomAlias }),
  handle: (
    { caller, query: fields },
    { thirdParties }: { thirdParties: Pick<ThirdParties, 'find'> },
  ) => thirdParties.find(caller.userId, { what: 'location', fields }),
});
