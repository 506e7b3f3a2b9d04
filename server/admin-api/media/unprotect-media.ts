import type { Audit } from '../../accounts/audit.ts';
import { endpoint } from '../../http/endpoint.ts';
import type { Quarantine } from '../../media/quarantine.ts';
import { ownMediaPath } from './told-media.ts';

interface Ports {
  readonly mediaQuarantine: Pick<Quarantine, 'protect'>;
  readonly audit: Pick<Audit, 'note'>;
}

/** It is as all others again. */
export const unprotectMedia = endpoint({
  operation: 'adminUnprotectMedia',
  routes: ['POST /_synapse/admin/v1/media/unprotect/{mediaId}'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: ownMediaPath,
  async handle({ caller, path: { mediaId }, once }, { mediaQuarantine, audit }: Ports) {
    await audit.note({
      ...{ by: caller.userId, action: 'adminUnprotectMedia', target: mediaId, detail: {} },
    });
    await mediaQuarantine.protect(mediaId, false, once);
    return {};
  },
});
