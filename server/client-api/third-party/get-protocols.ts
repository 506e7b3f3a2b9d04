import type { ThirdParties } from '../../app-services/third-parties.ts';
import { endpoint } from '../../http/endpoint.ts';

export const getProtocols = endpoint({
  operation: 'getProtocols',
  routes: ['GET /_matrix/client/v3/thirdparty/protocols'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  handle: (_call, { thirdParties }: { thirdParties: Pick<ThirdParties, 'protocols'> }) =>
    thirdParties.protocols(),
});
