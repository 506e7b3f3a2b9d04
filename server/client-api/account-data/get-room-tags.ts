import { z } from 'zod';
import type { AccountData } from '../../accounts/account-data.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId, userId } from '../../http/fields.ts';
import { refuseOthersData } from './own-data.ts';

export const getRoomTags = endpoint({
  operation: 'getRoomTags',
  routes: ['GET /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ userId, roomId }),

  async handle({ caller, path }, { accountData }: { accountData: Pick<AccountData, 'tags'> }) {
    refuseOthersData(caller.userId, path.userId);
    return { tags: await accountData.tags(path.userId, path.roomId) };
  },
});
