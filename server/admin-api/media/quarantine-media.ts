import type { Audit } from '../../accounts/audit.ts';
import { endpoint } from '../../http/endpoint.ts';
import type { Quarantine } from '../../media/quarantine.ts';
import { mediaPath } from './told-media.ts';

interface Ports {
  readonly mediaQuarantine: Pick<Quarantine, 'mark' | 'mustStandInTable'>;
  readonly audit: Pick<Audit, 'note'>;
}

const quarantine = (operation: string, verb: string, isOutOfSight: boolean) =>
  endpoint({
    operation,
    routes: [`POST /_synapse/admin/v1/media/${verb}/{serverName}/{mediaId}`],
    auth: 'admin',
    rateLimit: 'write',
    idempotency: 'request',
    path: mediaPath,
    async handle({ caller: { userId: by }, path, once }, { mediaQuarantine, audit }: Ports) {
      mediaQuarantine.mustStandInTable(path);
      await audit.note({ by, action: operation, target: path.mediaId, detail: path });
      await mediaQuarantine.mark(path, isOutOfSight ? by : null, once);
      return {};
    },
  });

/** Nobody is given it any more. One that is not here is none. */
export const quarantineMedia = quarantine('adminQuarantineMedia', 'quarantine', true);

/** It is given to people again. */
export const unquarantineMedia = quarantine('adminUnquarantineMedia', 'unquarantine', false);
