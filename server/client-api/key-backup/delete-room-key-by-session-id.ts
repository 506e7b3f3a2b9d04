import { z } from 'zod';
import type { BackedUpKeys } from '../../encryption/key-backup/backed-up-keys.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name, roomId } from '../../http/fields.ts';
import { ofVersion } from './backup-fields.ts';

export const deleteRoomKeyBySessionId = endpoint({
  operation: 'deleteRoomKeyBySessionId',
  routes: ['DELETE /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ roomId, sessionId: name }),
  query: ofVersion,
  handle: (
    { caller, path, query },
    { backedUpKeys }: { backedUpKeys: Pick<BackedUpKeys, 'delete'> },
  ) => backedUpKeys.delete(caller.userId, query.version, path),
});
