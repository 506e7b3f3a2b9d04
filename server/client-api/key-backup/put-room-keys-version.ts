import { z } from 'zod';
import type { KeyBackups } from '../../encryption/key-backup/key-backups.ts';
import { endpoint } from '../../http/endpoint.ts';
import { name } from '../../http/fields.ts';
import { invalidParam } from '../../http/matrix-error.ts';
import { backup, ofVersion } from './backup-fields.ts';

export const putRoomKeysVersion = endpoint({
  operation: 'putRoomKeysVersion',
  routes: ['PUT /_matrix/client/v3/room_keys/version/{version}'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: ofVersion,
  body: { json: z.object({ ...backup, version: name.optional() }) },

  async handle({ caller, path, body }, { keyBackups }: { keyBackups: Pick<KeyBackups, 'update'> }) {
    if (body.version !== undefined && body.version !== path.version)
      throw invalidParam('The version of the body is not that of the path');
    const wish = { algorithm: body.algorithm, authData: body.auth_data };
    await keyBackups.update(caller.userId, path.version, wish);
    return {};
  },
});
