import type { BackedUpKeys } from '../../encryption/key-backup/backed-up-keys.ts';
import { endpoint } from '../../http/endpoint.ts';
import { ofVersion } from './backup-fields.ts';

export const deleteRoomKeys = endpoint({
  operation: 'deleteRoomKeys',
  routes: ['DELETE /_matrix/client/v3/room_keys/keys'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  query: ofVersion,
  handle: (
    { caller, query },
    { backedUpKeys }: { backedUpKeys: Pick<BackedUpKeys, 'deleteAll'> },
  ) => backedUpKeys.deleteAll(caller.userId, query.version),
});
