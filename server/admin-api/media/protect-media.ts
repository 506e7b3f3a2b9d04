import type { Audit } from '../../accounts/audit.ts';
import { endpoint } from '../../http/endpoint.ts';
import type { Quarantine } from '../../media/quarantine.ts';
import { ownMediaPath } from './told-media.ts';

interface Ports {
  readonly mediaQuarantine: Pick<Quarantine, 'protect'>;
  readonly audit: Pick<Audit, 'note'>;
}

/** It is not quarantined with others, nor taken away for its age. */
export const protectMedia = endpoint({
  operation: 'adminProtectMedia',
  routes: ['POST /_synapse/admin/v1/media/protect/{mediaId}'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: ownMediaPath,
  async handle({ caller, path: { mediaId }, once }, { mediaQuarantine, audit }: Ports) {
    await audit.note({
      ...{ by: caller.userId, action: 'adminProtectMedia', target: mediaId, detail: {} },
    });
    await mediaQuarantine.protect(mediaId, true, once);
    return {};
  },
});
