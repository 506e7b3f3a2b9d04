import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { severalTimes } from '../../http/fields.ts';
import { type PassagePorts, templateOf, templatePath } from './passage.ts';

export const makeJoin = endpoint({
  operation: 'makeJoin',
  routes: ['GET /_matrix/federation/v1/make_join/{roomId}/{userId}'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  path: templatePath,
  query: z.object({ ver: severalTimes }),

  handle({ caller, path, query }, ports: PassagePorts) {
    const versions = query.ver.length === 0 ? ['1'] : query.ver;
    return templateOf(ports, caller, path, { passage: 'join', versions });
  },
});
