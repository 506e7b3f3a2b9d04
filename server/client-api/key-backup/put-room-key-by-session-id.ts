import { z } from 'zod';
import type { BackedUpKeys } from '../../encryption/key-backup/backed-up-keys.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name, roomId } from '../../http/fields.ts';
import { keyBackupData, keyOf, ofVersion } from './backup-fields.ts';

export const putRoomKeyBySessionId = endpoint({
  operation: 'putRoomKeyBySessionId',
  routes: ['PUT /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ roomId, sessionId: name }),
  query: ofVersion,
  body: { json: keyBackupData },
  handle: (
    { caller, path, query, body },
    { backedUpKeys }: { backedUpKeys: Pick<BackedUpKeys, 'put'> },
  ) => backedUpKeys.put(caller.userId, query.version, [keyOf(path.roomId, path.sessionId, body)]),
});
