import { z } from 'zod';
import type { AccountData } from '../../accounts/account-data.ts';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject, name, roomId, userId } from '../../http/fields.ts';
import { refuseOthersData } from './own-data.ts';
import { refuseWrongTag } from './tags.ts';

export const setRoomTag = endpoint({
  operation: 'setRoomTag',
  routes: ['PUT /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ userId, roomId, tag: name }),
  body: { json: jsonObject },

  async handle(
    { caller, path, body },
    { accountData }: { accountData: Pick<AccountData, 'setTag'> },
  ) {
    refuseOthersData(caller.userId, path.userId);
    refuseWrongTag(body);
    await accountData.setTag(path.userId, path.roomId, path.tag, body);
    return {};
  },
});
