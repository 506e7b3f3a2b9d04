import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { MatrixError } from '../../http/matrix-error.ts';

export const bind3PID = endpoint({
  operation: 'bind3PID',
  routes: ['POST /_matrix/client/v3/account/3pid/bind'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  body: {
    json: z.object({
      client_secret: z.string(),
      sid: z.string(),
      id_server: z.string(),
      id_access_token: z.string(),
    }),
  },
  async handle() {
    throw new MatrixError(
      400,
      'M_SERVER_NOT_TRUSTED',
      'No identity server is asked by this server',
    );
  },
});
