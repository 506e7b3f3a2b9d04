import type { Audit } from '../../accounts/audit.ts';
import { endpoint } from '../../http/endpoint.ts';
import type { Quarantine } from '../../media/quarantine.ts';
import { mediaPath } from './told-media.ts';

interface Ports {
  readonly mediaQuarantine: Pick<Quarantine, 'mark'>;
  readonly audit: Pick<Audit, 'note'>;
}

/** It is given to people again. */
export const unquarantineMedia = endpoint({
  operation: 'adminUnquarantineMedia',
  routes: ['POST /_synapse/admin/v1/media/unquarantine/{serverName}/{mediaId}'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: mediaPath,
  async handle({ caller, path, once }, { mediaQuarantine, audit }: Ports) {
    const order = { by: caller.userId, action: 'adminUnquarantineMedia', target: path.mediaId };
    await audit.note({ ...order, detail: path });
    await mediaQuarantine.mark(path, null, once);
    return {};
  },
});
