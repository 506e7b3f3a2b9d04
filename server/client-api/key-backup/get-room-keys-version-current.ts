import type { KeyBackups } from '../../encryption/key-backup/key-backups.ts';
import { endpoint } from '../../http/endpoint.ts';

export const getRoomKeysVersionCurrent = endpoint({
  operation: 'getRoomKeysVersionCurrent',
  routes: ['GET /_matrix/client/v3/room_keys/version'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',

  handle: ({ caller }, { keyBackups }: { keyBackups: Pick<KeyBackups, 'latest'> }) =>
    keyBackups.latest(caller.userId),
});
