import { z } from 'zod';
import type { BackedUpKeys } from '../../encryption/key-backup/backed-up-keys.ts';
import { endpoint } from '../../http/endpoint.ts';
import { byRoom } from '../../http/fields.ts';
import { keysOf, ofVersion, roomKeyBackup } from './backup-fields.ts';

export const putRoomKeys = endpoint({
  operation: 'putRoomKeys',
  routes: ['PUT /_matrix/client/v3/room_keys/keys'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  query: ofVersion,
  body: { json: z.object({ rooms: byRoom(roomKeyBackup) }) },

  async handle(
    { caller, query, body },
    { backedUpKeys }: { backedUpKeys: Pick<BackedUpKeys, 'put'> },
  ) {
    const keys = [...body.rooms].flatMap(([roomId, sessions]) => keysOf(roomId, sessions));
    return backedUpKeys.put(caller.userId, query.version, keys);
  },
});
