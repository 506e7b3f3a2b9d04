import type { Audit } from '../../accounts/audit.ts';
import { endpoint } from '../../http/endpoint.ts';
import { type Removal, toldRemoved } from '../../media/removal.ts';
import { knownMedia, type MediaPorts, mediaPath, refuseOtherServer } from './told-media.ts';

type Ports = MediaPorts & {
  readonly mediaRemoval: Pick<Removal, 'remove'>;
  readonly audit: Pick<Audit, 'note'>;
};

/** One file, for good. */
export const deleteMedia = endpoint({
  operation: 'adminDeleteMedia',
  routes: ['DELETE /_synapse/admin/v1/media/{serverName}/{mediaId}'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: mediaPath,
  async handle({ caller, path, once }, ports: Ports) {
    refuseOtherServer(ports, path.serverName);
    const { mediaId, userId } = await knownMedia(ports, path);
    const order = { by: caller.userId, action: 'adminDeleteMedia', target: mediaId };
    await ports.audit.note({ ...order, detail: { user_id: userId } });
    const removed = await ports.mediaRemoval.remove([mediaId], (removed) =>
      once.outcome(200, toldRemoved(removed)),
    );
    return toldRemoved(removed);
  },
});
