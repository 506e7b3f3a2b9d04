import type { Examination } from '../../federation/examination/examination.ts';
import { endpoint } from '../../http/endpoint.ts';
import { ofDestination } from './known-destination.ts';

/** Goes the way to another server, and says at which step it ends and who must act. Synapse has no such call. */
export const examineServer = endpoint({
  operation: 'adminExamineServer',
  routes: ['GET /_farol/admin/v1/federation/{destination}'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: ofDestination,
  async handle({ path }, { examination }: { readonly examination: Pick<Examination, 'of'> }) {
    const { server, findings, failed } = await examination.of(path.destination);
    return { server_name: server, findings, failed: failed ?? null };
  },
});
