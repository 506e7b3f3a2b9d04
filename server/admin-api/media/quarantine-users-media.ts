import type { Audit } from '../../accounts/audit.ts';
import { endpoint } from '../../http/endpoint.ts';
import type { Quarantine } from '../../media/quarantine.ts';
import { ofUser } from '../users/local-user.ts';

interface Ports {
  readonly mediaQuarantine: Pick<Quarantine, 'markOf'>;
  readonly audit: Pick<Audit, 'note'>;
}

/** All that somebody has uploaded. */
export const quarantineUsersMedia = endpoint({
  operation: 'adminQuarantineUsersMedia',
  routes: ['POST /_synapse/admin/v1/user/{userId}/media/quarantine'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: ofUser,
  async handle({ caller, path: { userId }, once }, { mediaQuarantine, audit }: Ports) {
    await audit.note({
      ...{ by: caller.userId, action: 'adminQuarantineUsersMedia', target: userId, detail: {} },
    });
    return mediaQuarantine.markOf(userId, caller.userId, once);
  },
});
