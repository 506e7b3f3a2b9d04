import { endpoint } from '../../http/endpoint.ts';
import { notFound } from '../../http/matrix-error.ts';

export interface PolicyServerPorts {
  /** The ed25519 key of the policy server under this server's name, if there is one. */
  readonly policyServerKey: string | undefined;
}

/** For whoever puts that policy server into a room (`m.room.policy`). */
export const getWellknownPolicy = endpoint({
  operation: 'getWellknownPolicy',
  routes: ['GET /.well-known/matrix/policy_server'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'natural',
  servedBy: 'any',
  async handle(_call, { policyServerKey }: PolicyServerPorts) {
    if (policyServerKey === undefined) throw notFound('This server has no policy server');
    return { public_keys: { ed25519: policyServerKey } };
  },
});
