import { z } from 'zod';
import type { AccountData } from '../../accounts/account-data.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name, userId } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import { refuseOthersData } from './own-data.ts';

export const getAccountData = endpoint({
  operation: 'getAccountData',
  routes: ['GET /_matrix/client/v3/user/{userId}/account_data/{type}'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ userId, type: name }),

  async handle({ caller, path }, { accountData }: { accountData: Pick<AccountData, 'get'> }) {
    refuseOthersData(caller.userId, path.userId);
    const content = await accountData.get({ ...path, roomId: null });
    if (!content) throw notFound('There are no account data of this type');
    return content;
  },
});
