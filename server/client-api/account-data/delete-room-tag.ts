import { z } from 'zod';
import type { AccountData } from '../../accounts/account-data.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name, roomId, userId } from '../../http/fields.ts';
import { refuseOthersData } from './own-data.ts';

export const deleteRoomTag = endpoint({
  operation: 'deleteRoomTag',
  routes: ['DELETE /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ userId, roomId, tag: name }),

  async handle({ caller, path }, { accountData }: { accountData: Pick<AccountData, 'removeTag'> }) {
    refuseOthersData(caller.userId, path.userId);
    await accountData.removeTag(path.userId, path.roomId, path.tag);
    return {};
  },
});
