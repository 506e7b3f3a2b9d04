import { z } from 'zod';
import type { AccountData } from '../../accounts/account-data.ts';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject, name, roomId, userId } from '../../http/fields.ts';
import { refuseOthersData, refuseServedType } from './own-data.ts';
import { refuseWrongTags } from './tags.ts';

export const setAccountDataPerRoom = endpoint({
  operation: 'setAccountDataPerRoom',
  routes: ['PUT /_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ userId, roomId, type: name }),
  body: { json: jsonObject },

  async handle({ caller, path, body }, { accountData }: { accountData: Pick<AccountData, 'put'> }) {
    refuseOthersData(caller.userId, path.userId);
    refuseServedType(path.type);
    if (path.type === 'm.tag') refuseWrongTags(body);
    await accountData.put(path, body);
    return {};
  },
});
