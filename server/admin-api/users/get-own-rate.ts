import type { OwnRates } from '../../accounts/own-rates.ts';
import { endpoint } from '../../http/endpoint.ts';
import { type LocalPorts, localAccount, ofUser } from './local-user.ts';

type Ports = LocalPorts & { readonly ownRates: Pick<OwnRates, 'of'> };

export const getOwnRate = endpoint({
  operation: 'adminGetOwnRate',
  routes: ['GET /_synapse/admin/v1/users/{userId}/override_ratelimit'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: ofUser,
  async handle({ path: { userId } }, ports: Ports) {
    await localAccount(ports, userId);
    const rate = await ports.ownRates.of(userId);
    if (!rate) return {};
    return { messages_per_second: rate.messagesPerSecond, burst_count: rate.burstCount };
  },
});
