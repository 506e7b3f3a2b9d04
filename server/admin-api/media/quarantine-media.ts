import type { Audit } from '../../accounts/audit.ts';
import { endpoint } from '../../http/endpoint.ts';
import type { Quarantine } from '../../media/quarantine.ts';
import { mediaPath } from './told-media.ts';

interface Ports {
  readonly mediaQuarantine: Pick<Quarantine, 'mark'>;
  readonly audit: Pick<Audit, 'note'>;
}

/** Nobody is given it any more. One that is not here is none. */
export const quarantineMedia = endpoint({
  operation: 'adminQuarantineMedia',
  routes: ['POST /_synapse/admin/v1/media/quarantine/{serverName}/{mediaId}'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: mediaPath,
  async handle({ caller, path, once }, { mediaQuarantine, audit }: Ports) {
    const order = { by: caller.userId, action: 'adminQuarantineMedia', target: path.mediaId };
    await audit.note({ ...order, detail: path });
    await mediaQuarantine.mark(path, caller.userId, once);
    return {};
  },
});
