import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import type { Moderation } from '../../accounts/moderation.ts';
import { endpoint } from '../../http/endpoint.ts';
import { notKept } from '../../log/outcomes.ts';
import { ofUser } from './local-user.ts';

interface Ports {
  readonly moderation: Pick<Moderation, 'set' | 'refuseToSet'>;
  readonly audit: Pick<Audit, 'note'>;
}

/** What PUT /_matrix/client/v1/admin/suspend does, in the words of before. */
export const suspendAccount = endpoint({
  operation: 'adminSuspendAccount',
  routes: ['PUT /_synapse/admin/v1/suspend/{userId}'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'natural',
  path: ofUser,
  body: { json: z.object({ suspend: z.boolean() }) },
  async handle({ caller, path: { userId }, body }, { audit, moderation }: Ports) {
    await moderation.refuseToSet(caller.userId, userId);
    const order = { by: caller.userId, action: 'adminSuspendAccount', target: userId };
    await audit.note({ ...order, detail: body });
    const change = { userId, which: 'suspended', holds: body.suspend } as const;
    await moderation.set(caller.userId, change, notKept);
    return { [`user_${userId}_suspended`]: body.suspend };
  },
});
