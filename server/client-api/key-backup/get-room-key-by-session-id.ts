import { z } from 'zod';
import type { BackedUpKeys } from '../../encryption/key-backup/backed-up-keys.ts';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name, roomId } from '../../http/fields.ts';
import { ofVersion } from './backup-fields.ts';

export const getRoomKeyBySessionId = endpoint({
  operation: 'getRoomKeyBySessionId',
  routes: ['GET /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId, sessionId: name }),
  query: ofVersion,
  handle: async (
    { caller, path, query },
    { backedUpKeys }: { backedUpKeys: Pick<BackedUpKeys, 'get'> },
  ) => jsonText(await backedUpKeys.get(caller.userId, query.version, path)),
});
