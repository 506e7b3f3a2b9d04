import { z } from 'zod';
import type { pingService } from '../../app-services/ping.ts';
import { endpoint } from '../../http/endpoint.ts';
import { forbidden } from '../../http/matrix-error.ts';

export const pingAppservice = endpoint({
  operation: 'pingAppservice',
  routes: ['POST /_matrix/client/v1/appservice/{appserviceId}/ping'],
  auth: 'service',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ appserviceId: z.string() }),
  body: { json: z.object({ transaction_id: z.string().max(1_024).optional() }), mayBeEmpty: true },

  handle({ caller, path, body }, ports: { pingService: typeof pingService }) {
    if (caller.service.id !== path.appserviceId)
      throw forbidden('The token is that of another application service');
    return ports.pingService(caller.service, body.transaction_id);
  },
});
