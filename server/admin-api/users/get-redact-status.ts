import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { name } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import type { LongOrders } from '../../orders/long-orders.ts';

export const getRedactStatus = endpoint({
  operation: 'adminGetRedactStatus',
  routes: ['GET /_synapse/admin/v1/user/redact_status/{redactId}'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ redactId: name }),
  async handle({ path }, { longOrders }: { longOrders: Pick<LongOrders, 'get'> }) {
    const order = await longOrders.get(path.redactId);
    if (order?.kind !== 'redact-user') throw notFound('There is no such order');
    const { status, told } = order;
    if (status === 'active') return { status };
    if (status === 'failed') return { status, ...told };
    return { status, failed_redactions: told.failed ?? {} };
  },
});
