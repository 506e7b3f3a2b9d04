import type { Audit } from '../../accounts/audit.ts';
import type { OwnRates } from '../../accounts/own-rates.ts';
import { endpoint } from '../../http/endpoint.ts';
import { type LocalPorts, localAccount, ofUser } from './local-user.ts';

type Ports = LocalPorts & {
  readonly ownRates: Pick<OwnRates, 'set'>;
  readonly audit: Pick<Audit, 'note'>;
};

export const deleteOwnRate = endpoint({
  operation: 'adminDeleteOwnRate',
  routes: ['DELETE /_synapse/admin/v1/users/{userId}/override_ratelimit'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: ofUser,
  async handle({ caller, path: { userId }, once }, ports: Ports) {
    await localAccount(ports, userId);
    const order = { by: caller.userId, action: 'adminDeleteOwnRate', target: userId };
    await ports.audit.note({ ...order, detail: {} });
    const none = { messagesPerSecond: null, burstCount: null };
    await ports.ownRates.set(userId, none, { once, body: {} });
    return {};
  },
});
