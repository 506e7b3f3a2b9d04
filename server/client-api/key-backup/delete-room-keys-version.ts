import type { KeyBackups } from '../../encryption/key-backup/key-backups.ts';
import { endpoint } from '../../http/endpoint.ts';
import { ofVersion } from './backup-fields.ts';

export const deleteRoomKeysVersion = endpoint({
  operation: 'deleteRoomKeysVersion',
  routes: ['DELETE /_matrix/client/v3/room_keys/version/{version}'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: ofVersion,
  async handle({ caller, path }, { keyBackups }: { keyBackups: Pick<KeyBackups, 'delete'> }) {
    await keyBackups.delete(caller.userId, path.version);
    return {};
  },
});
