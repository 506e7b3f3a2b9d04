import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import type { Moderation, Standing } from '../../accounts/moderation.ts';
import { endpoint } from '../../http/endpoint.ts';
import { userId } from '../../http/fields.ts';

interface Ports {
  readonly moderation: Pick<Moderation, 'get' | 'set' | 'refuseToSet'>;
  readonly audit: Pick<Audit, 'note'>;
}

const path = z.object({ userId });

/** What suspending and locking have in common (MSC4323). */
export const tellsStanding = (operation: string, at: string, which: Standing) =>
  endpoint({
    operation,
    routes: [`GET /_matrix/client/v1/admin/${at}/{userId}`],
    auth: 'admin',
    rateLimit: 'read',
    idempotency: 'natural',
    path,
    handle: ({ path }, { moderation }: Ports) => moderation.get(path.userId, which),
  });

export const changesStanding = (operation: string, at: string, which: Standing) =>
  endpoint({
    operation,
    routes: [`PUT /_matrix/client/v1/admin/${at}/{userId}`],
    auth: 'admin',
    rateLimit: 'write',
    idempotency: 'request',
    path,
    body: { json: z.object({ [which]: z.boolean() }) },
    async handle({ caller, path, body, once }, { audit, moderation }: Ports) {
      await moderation.refuseToSet(caller.userId, path.userId);
      const order = { by: caller.userId, action: operation, target: path.userId, detail: body };
      await audit.note(order);
      const change = { userId: path.userId, which, holds: body[which]! };
      return moderation.set(caller.userId, change, once);
    },
  });
