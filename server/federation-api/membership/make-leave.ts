import { endpoint } from '../../http/endpoint.ts';
import { type PassagePorts, templateOf, templatePath } from './passage.ts';

export const makeLeave = endpoint({
  operation: 'makeLeave',
  routes: ['GET /_matrix/federation/v1/make_leave/{roomId}/{userId}'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  path: templatePath,
  handle: ({ caller, path }, ports: PassagePorts) =>
    templateOf(ports, caller, path, { passage: 'leave' }),
});
