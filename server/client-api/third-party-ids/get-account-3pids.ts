import type { ThirdPartyId, ThirdPartyIds } from '../../accounts/third-party-ids.ts';
import { endpoint } from '../../http/endpoint.ts';
import type { JsonObject } from '../../protocol/json.ts';

export const getAccount3PIDs = endpoint({
  operation: 'getAccount3PIDs',
  routes: ['GET /_matrix/client/v3/account/3pid'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  async handle({ caller }, { thirdPartyIds }: { thirdPartyIds: Pick<ThirdPartyIds, 'of'> }) {
    return { threepids: toldThirdPartyIds(await thirdPartyIds.of(caller.userId)) };
  },
});

export const toldThirdPartyIds = (all: readonly ThirdPartyId[]): JsonObject[] =>
  all.map(({ medium, address, validatedMs, addedMs }) => ({
    ...{ medium, address, validated_at: validatedMs, added_at: addedMs },
  }));
