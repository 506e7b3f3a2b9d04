import { endpoint } from '../../http/endpoint.ts';
import { notFound } from '../../http/matrix-error.ts';

export interface Contact {
  readonly role: string;
  readonly matrixId: string | undefined;
  readonly email: string | undefined;
}

export interface SupportPorts {
  /** Whom people may ask, if the operator has said so. */
  readonly support: { readonly page: string | undefined; readonly contacts: readonly Contact[] };
}

export const getWellknownSupport = endpoint({
  operation: 'getWellknownSupport',
  routes: ['GET /.well-known/matrix/support'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'natural',
  servedBy: 'any',
  async handle(_call, { support: { page, contacts } }: SupportPorts) {
    if (page === undefined && contacts.length === 0)
      throw notFound('This server has no contacts configured');
    return {
      ...(contacts.length > 0 && { contacts: contacts.map(told) }),
      ...(page !== undefined && { support_page: page }),
    };
  },
});

const told = ({ role, matrixId, email }: Contact) => ({
  role,
  ...(matrixId !== undefined && { matrix_id: matrixId }),
  ...(email !== undefined && { email_address: email }),
});
