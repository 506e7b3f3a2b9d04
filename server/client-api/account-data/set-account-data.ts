import { z } from 'zod';
import type { AccountData } from '../../accounts/account-data.ts';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject, name, userId } from '../../http/fields.ts';
import { refuseOthersData, refuseServedType } from './own-data.ts';

export const setAccountData = endpoint({
  operation: 'setAccountData',
  routes: ['PUT /_matrix/client/v3/user/{userId}/account_data/{type}'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ userId, type: name }),
  body: { json: jsonObject },

  async handle({ caller, path, body }, { accountData }: { accountData: Pick<AccountData, 'put'> }) {
    refuseOthersData(caller.userId, path.userId);
    refuseServedType(path.type);
    await accountData.put({ ...path, roomId: null }, body);
    return {};
  },
});
