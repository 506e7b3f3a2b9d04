import type { ThirdPartyIds } from '../../accounts/third-party-ids.ts';
import { endpoint } from '../../http/endpoint.ts';

export const getAccount3PIDs = endpoint({
  operation: 'getAccount3PIDs',
  routes: ['GET /_matrix/client/v3/account/3pid'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  async handle({ caller }, { thirdPartyIds }: { thirdPartyIds: Pick<ThirdPartyIds, 'of'> }) {
    const all = await thirdPartyIds.of(caller.userId);
    return {
      threepids: all.map(({ medium, address, validatedMs, addedMs }) => ({
        ...{ medium, address, validated_at: validatedMs, added_at: addedMs },
      })),
    };
  },
});
