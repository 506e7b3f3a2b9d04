import { z } from 'zod';
import type { BackedUpKeys } from '../../encryption/key-backup/backed-up-keys.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { keysOf, ofVersion, roomKeyBackup } from './backup-fields.ts';

export const putRoomKeysByRoomId = endpoint({
  operation: 'putRoomKeysByRoomId',
  routes: ['PUT /_matrix/client/v3/room_keys/keys/{roomId}'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ roomId }),
  query: ofVersion,
  body: { json: roomKeyBackup },
  handle: (
    { caller, path, query, body },
    { backedUpKeys }: { backedUpKeys: Pick<BackedUpKeys, 'put'> },
  ) => backedUpKeys.put(caller.userId, query.version, keysOf(path.roomId, body)),
});
