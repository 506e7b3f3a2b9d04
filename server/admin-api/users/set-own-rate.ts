import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import type { OwnRates } from '../../accounts/own-rates.ts';
import { endpoint } from '../../http/endpoint.ts';
import { type LocalPorts, localAccount, ofUser } from './local-user.ts';

type Ports = LocalPorts & {
  readonly ownRates: Pick<OwnRates, 'set'>;
  readonly audit: Pick<Audit, 'note'>;
};

/** More than anybody asks. */
const number = z.int().min(0).max(1_000_000);

/** Both 0, which is what there is unless told: no limit. */
export const setOwnRate = endpoint({
  operation: 'adminSetOwnRate',
  routes: ['POST /_synapse/admin/v1/users/{userId}/override_ratelimit'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: ofUser,
  body: {
    json: z.object({ messages_per_second: number.default(0), burst_count: number.default(0) }),
    mayBeEmpty: true,
  },
  async handle({ caller, path: { userId }, body, once }, ports: Ports) {
    await localAccount(ports, userId);
    const order = { by: caller.userId, action: 'adminSetOwnRate', target: userId };
    await ports.audit.note({ ...order, detail: body });
    const { messages_per_second: messagesPerSecond, burst_count: burstCount } = body;
    await ports.ownRates.set(userId, { messagesPerSecond, burstCount }, { once, body });
    return body;
  },
});
