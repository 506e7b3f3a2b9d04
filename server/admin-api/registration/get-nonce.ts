import type { SharedSecret } from '../../accounts/shared-secret.ts';
import { endpoint } from '../../http/endpoint.ts';
import { notEnabled } from './not-enabled.ts';

export const getNonce = endpoint({
  operation: 'adminGetNonce',
  routes: ['GET /_synapse/admin/v1/register'],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  async handle(
    _call,
    { sharedSecret }: { sharedSecret: Pick<SharedSecret, 'isConfigured' | 'nonce'> },
  ) {
    if (!sharedSecret.isConfigured) throw notEnabled();
    return { nonce: sharedSecret.nonce() };
  },
});
