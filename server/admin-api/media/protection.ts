import type { Audit } from '../../accounts/audit.ts';
import { endpoint } from '../../http/endpoint.ts';
import type { Quarantine } from '../../media/quarantine.ts';
import { ownMediaPath } from './told-media.ts';

interface Ports {
  readonly mediaQuarantine: Pick<Quarantine, 'protect'>;
  readonly audit: Pick<Audit, 'note'>;
}

const protection = (operation: string, verb: string, isProtected: boolean) =>
  endpoint({
    operation,
    routes: [`POST /_synapse/admin/v1/media/${verb}/{mediaId}`],
    auth: 'admin',
    rateLimit: 'write',
    idempotency: 'request',
    path: ownMediaPath,
    async handle({ caller, path: { mediaId }, once }, { mediaQuarantine, audit }: Ports) {
      await audit.note({ by: caller.userId, action: operation, target: mediaId, detail: {} });
      await mediaQuarantine.protect(mediaId, isProtected, once);
      return {};
    },
  });

/** It is not quarantined with others, nor taken away for its age. */
export const protectMedia = protection('adminProtectMedia', 'protect', true);

/** It is as all others again. */
export const unprotectMedia = protection('adminUnprotectMedia', 'unprotect', false);
