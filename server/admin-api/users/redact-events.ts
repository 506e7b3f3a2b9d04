import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { listOf, roomId } from '../../http/fields.ts';
import type { LongOrders } from '../../orders/long-orders.ts';
import type { UserRedaction } from '../../orders/redact-user.ts';
import { type LocalPorts, localAccount, ofUser } from './local-user.ts';

type Ports = LocalPorts & { readonly longOrders: Pick<LongOrders, 'begin'> };

const LIMIT_DEFAULT = 1_000;

/** What somebody said goes, behind the answer: see `adminGetRedactStatus`. */
export const redactUsersEvents = endpoint({
  operation: 'adminRedactEvents',
  routes: ['POST /_synapse/admin/v1/user/{userId}/redact'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: ofUser,
  body: {
    json: z.object({
      rooms: listOf(roomId, 10_000),
      reason: z.string().max(10_000).optional(),
      limit: z.int().min(1).max(1_000_000).default(LIMIT_DEFAULT),
      use_admin: z.boolean().default(false),
    }),
  },
  async handle({ caller, path: { userId }, body, once }, ports: Ports) {
    await localAccount(ports, userId);
    const { rooms, reason = null, limit, use_admin: useAdmin } = body;
    const asked = { rooms, reason, limit, useAdmin } satisfies UserRedaction;
    const order = { kind: 'redact-user', action: 'adminRedactEvents', target: userId } as const;
    const redact_id = await ports.longOrders.begin(
      { ...order, by: caller.userId, asked },
      (redact_id) => once.outcome(200, { redact_id }),
    );
    return { redact_id };
  },
});
