import type { Audit } from '../../accounts/audit.ts';
import type { Reports } from '../../accounts/reports.ts';
import { endpoint } from '../../http/endpoint.ts';
import { notFound } from '../../http/matrix-error.ts';
import { reportPath } from './told-report.ts';

interface Ports {
  readonly reports: Pick<Reports, 'ofEvent' | 'forget'>;
  readonly audit: Pick<Audit, 'note'>;
}

export const deleteEventReport = endpoint({
  operation: 'adminDeleteEventReport',
  routes: ['DELETE /_synapse/admin/v1/event_reports/{reportId}'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: reportPath,
  async handle({ caller, path, once }, { audit, reports }: Ports) {
    if (!(await reports.ofEvent(path.reportId))) throw unknownReport();
    const target = String(path.reportId);
    const order = { by: caller.userId, action: 'adminDeleteEventReport', target };
    await audit.note({ ...order, detail: {} });
    if (!(await reports.forget(path.reportId, once))) throw unknownReport();
    return {};
  },
});

const unknownReport = () => notFound('Event report not found');
