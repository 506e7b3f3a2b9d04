import { z } from 'zod';
import type { BackedUpKeys } from '../../encryption/key-backup/backed-up-keys.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { ofVersion } from './backup-fields.ts';

export const deleteRoomKeysByRoomId = endpoint({
  operation: 'deleteRoomKeysByRoomId',
  routes: ['DELETE /_matrix/client/v3/room_keys/keys/{roomId}'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ roomId }),
  query: ofVersion,
  handle: (
    { caller, path, query },
    { backedUpKeys }: { backedUpKeys: Pick<BackedUpKeys, 'deleteAll'> },
  ) => backedUpKeys.deleteAll(caller.userId, query.version, path.roomId),
});
