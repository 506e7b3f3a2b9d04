import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { userId } from '../../http/fields.ts';
import { forbidden } from '../../http/matrix-error.ts';
import type { Presence } from '../../sync/ephemeral/presence.ts';

export const setPresence = endpoint({
  operation: 'setPresence',
  routes: ['PUT /_matrix/client/v3/presence/{userId}/status'],
  auth: 'user',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ userId }),
  body: {
    json: z.object({
      presence: z.enum(['online', 'unavailable', 'offline']),
      // Told to everybody near, each time.
      status_msg: z.string().max(1_000).nullish(),
    }),
  },

  async handle({ caller, path, body }, { presence }: { presence: Pick<Presence, 'set'> }) {
    if (path.userId !== caller.userId) throw forbidden('You can set your own presence only');
    presence.set(caller.userId, body.presence, body.status_msg ?? undefined);
    return {};
  },
});
