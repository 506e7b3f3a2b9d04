import { z } from 'zod';
import type { ThirdParties } from '../../app-services/third-parties.ts';
import { endpoint } from '../../http/endpoint.ts';
import { networkFields } from './network-fields.ts';

export const queryUserByProtocol = endpoint({
  operation: 'queryUserByProtocol',
  routes: ['GET /_matrix/client/v3/thirdparty/user/{protocol}'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ protocol: z.string() }),
  query: networkFields,
  handle: (
    { caller, path, query: fields },
    { thirdParties }: { thirdParties: Pick<ThirdParties, 'find'> },
  ) => thirdParties.find(caller.userId, { what: 'user', protocol: path.protocol, fields }),
});
