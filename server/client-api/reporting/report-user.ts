import { z } from 'zod';
import type { Reports } from '../../accounts/reports.ts';
import { endpoint } from '../../http/endpoint.ts';
import { userId } from '../../http/fields.ts';
import { reason } from './report-fields.ts';

/** Whether there is such a user is not told. */
export const reportUser = endpoint({
  operation: 'reportUser',
  routes: ['POST /_matrix/client/v3/users/{userId}/report'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ userId }),
  body: { json: z.object({ reason }) },

  async handle({ caller, path, body, once }, { reports }: { reports: Reports }) {
    await reports.add({ reporter: caller.userId, userId: path.userId, reason: body.reason }, once);
    return {};
  },
});
