import { z } from 'zod';
import type { KeyBackups } from '../../encryption/key-backup/key-backups.ts';
import { endpoint } from '../../http/endpoint.ts';
import { backup } from './backup-fields.ts';

export const postRoomKeysVersion = endpoint({
  operation: 'postRoomKeysVersion',
  routes: ['POST /_matrix/client/v3/room_keys/version'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  body: { json: z.object(backup) },
  handle: ({ caller, body, once }, { keyBackups }: { keyBackups: Pick<KeyBackups, 'create'> }) =>
    keyBackups.create(caller.userId, { algorithm: body.algorithm, authData: body.auth_data }, once),
});
