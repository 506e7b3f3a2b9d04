import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import { endpoint } from '../../http/endpoint.ts';
import { wholeNumber } from '../../http/fields.ts';
import { limit } from '../page-fields.ts';

/** What administrators ordered, the newest first. Synapse has no such call. */
export const listOrders = endpoint({
  operation: 'adminListOrders',
  routes: ['GET /_farol/admin/v1/audit'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({
    from: wholeNumber.default(Number.MAX_SAFE_INTEGER),
    limit,
  }),
  async handle({ query: { from, limit } }, { audit }: { audit: Pick<Audit, 'before'> }) {
    const entries = await audit.before(from, limit);
    const last = entries.length === limit ? entries.at(-1) : undefined;
    return {
      orders: entries.map(({ atMs, by, action, target, detail }) => ({
        ...{ at_ts: atMs, by, action, target },
        detail: JSON.parse(detail) as object,
      })),
      ...(last && { next_token: String(last.auditNid) }),
    };
  },
});
