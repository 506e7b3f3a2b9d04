import { endpoint } from '../../http/endpoint.ts';
import { knownVersions, type PassagePorts, templateOf, templatePath } from './passage.ts';

export const makeJoin = endpoint({
  operation: 'makeJoin',
  routes: ['GET /_matrix/federation/v1/make_join/{roomId}/{userId}'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  path: templatePath,
  query: knownVersions,
  handle: ({ caller, path, query }, ports: PassagePorts) =>
    templateOf(ports, caller, path, { passage: 'join', versions: query.ver }),
});
