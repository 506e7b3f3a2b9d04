import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import { endpoint } from '../../http/endpoint.ts';
import { beforeMs } from './delete-unused-media.ts';

/** Of other servers' media nothing is kept that would have to be. */
export const purgeMediaCache = endpoint({
  operation: 'adminPurgeMediaCache',
  routes: ['POST /_synapse/admin/v1/purge_media_cache'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'natural',
  query: z.object({ before_ts: beforeMs }),
  async handle({ caller, query }, { audit }: { audit: Pick<Audit, 'note'> }) {
    const order = { by: caller.userId, action: 'adminPurgeMediaCache', target: 'media' };
    await audit.note({ ...order, detail: query });
    return { deleted: 0 };
  },
});
