import { z } from 'zod';
import type { BackedUpKeys } from '../../encryption/key-backup/backed-up-keys.ts';
import { jsonStream } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import type { LargeReads } from '../events/large-reads.ts';
import { ofVersion } from './backup-fields.ts';

interface Ports {
  readonly backedUpKeys: Pick<BackedUpKeys, 'all'>;
  readonly largeReads: Pick<LargeReads, 'enter'>;
}

export const getRoomKeysByRoomId = endpoint({
  operation: 'getRoomKeysByRoomId',
  routes: ['GET /_matrix/client/v3/room_keys/keys/{roomId}'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  query: ofVersion,

  async handle({ caller, path, query, signal }, { backedUpKeys, largeReads }: Ports) {
    await largeReads.enter(caller.userId, signal);
    return jsonStream(await backedUpKeys.all(caller.userId, query.version, path.roomId));
  },
});
