import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import type { Quarantine } from '../../media/quarantine.ts';

interface Ports {
  readonly mediaQuarantine: Pick<Quarantine, 'markIn'>;
  readonly audit: Pick<Audit, 'note'>;
}

/** All that is shown in a room, but for what is encrypted. */
export const quarantineRoomsMedia = endpoint({
  operation: 'adminQuarantineRoomsMedia',
  routes: [
    'POST /_synapse/admin/v1/room/{roomId}/media/quarantine',
    'POST /_synapse/admin/v1/quarantine_media/{roomId}',
  ],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomId }),
  async handle({ caller, path: { roomId }, once }, { mediaQuarantine, audit }: Ports) {
    await audit.note({
      ...{ by: caller.userId, action: 'adminQuarantineRoomsMedia', target: roomId, detail: {} },
    });
    return mediaQuarantine.markIn(roomId, caller.userId, once);
  },
});
