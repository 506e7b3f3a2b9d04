import type { KeyBackups } from '../../encryption/key-backup/key-backups.ts';
import { endpoint } from '../../http/endpoint.ts';
import { ofVersion } from './backup-fields.ts';

export const getRoomKeysVersion = endpoint({
  operation: 'getRoomKeysVersion',
  routes: ['GET /_matrix/client/v3/room_keys/version/{version}'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: ofVersion,
  handle: ({ caller, path }, { keyBackups }: { keyBackups: Pick<KeyBackups, 'get'> }) =>
    keyBackups.get(caller.userId, path.version),
});
