import { z } from 'zod';
import type { LargeReads } from '../../client-api/events/large-reads.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import type { Quarantine } from '../../media/quarantine.ts';

interface Ports {
  readonly mediaQuarantine: Pick<Quarantine, 'inRoom'>;
  readonly largeReads: Pick<LargeReads, 'enter'>;
}

/** What is shown in a room, but for what is encrypted. */
export const listRoomsMedia = endpoint({
  operation: 'adminListRoomsMedia',
  routes: ['GET /_synapse/admin/v1/room/{roomId}/media'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  async handle({ caller, path, signal }, { mediaQuarantine, largeReads }: Ports) {
    await largeReads.enter(caller.userId, signal);
    return mediaQuarantine.inRoom(path.roomId);
  },
});
